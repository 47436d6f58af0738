//! A Redis of a test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use redis::AsyncCommands;
use tempfile::TempDir;

/// A running `redis-server`, on a socket of its own. Dropped, it is killed.
pub struct Redis {
    server: Child,
    directory: TempDir,
}

impl Redis {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(directory.path().join("socket"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server is to be installed (Debian: apt-get install redis-server)");
        let log = BufReader::new(server.stdout.take().unwrap());
        let mut lines = log.lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("eady to accept connections")), "redis-server did not start");
        Self { server, directory }
    }

    /// What `REDIS_URL` has to say.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.directory.path().join("socket").display())
    }

    pub fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// All that it holds of the catalogue: key, value, and the seconds until it goes (-1: it stays).
    pub async fn entries(&self) -> Vec<(String, String, i64)> {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let keys: Vec<String> = connection.keys("{catalog}*").await.unwrap();
        let mut entries = Vec::new();
        for key in keys {
            let value: Vec<u8> = connection.get(&key).await.unwrap();
            let seconds = connection.ttl(&key).await.unwrap();
            entries.push((key, String::from_utf8_lossy(&value).into_owned(), seconds));
        }
        entries
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
