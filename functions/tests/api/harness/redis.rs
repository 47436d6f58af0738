//! A real Redis, for what is counted there or in Postgres, and for what is read from it.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use lyceum_local::postgres::die_with_parent;
use redis::AsyncCommands;

use super::Lyceum;

/// Databases of the server that the tests share, one a test.
const DATABASES: u32 = 1000;
const START_LIMIT: Duration = Duration::from_secs(20);

/// A Redis of its own, which ends with this process at the latest.
pub struct RedisServer {
    pub url: String,
    process: Child,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::start_with(&["--databases", &DATABASES.to_string()])
    }

    /// A cluster of one that has all slots, as `ElastiCache` Serverless seems to its callers.
    pub async fn start_cluster() -> Self {
        let bus = free_port().to_string();
        let nodes = format!("redis-nodes-{bus}.conf");
        let server =
            Self::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-config-file", &nodes]);
        let client = redis::Client::open(server.url.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut slots = redis::cmd("CLUSTER");
        slots.arg("ADDSLOTSRANGE").arg(0).arg(16383).exec_async(&mut connection).await.unwrap();
        let begun = Instant::now();
        loop {
            let state: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await.unwrap();
            if state.contains("cluster_state:ok") {
                let _ = std::fs::remove_file(std::env::temp_dir().join(nodes));
                return server;
            }
            assert!(begun.elapsed() < START_LIMIT, "the cluster does not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn start_with(arguments: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(arguments);
        command.current_dir(std::env::temp_dir()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = spawn(command);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < START_LIMIT, "redis-server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { url: format!("redis://127.0.0.1:{port}"), process }
    }

    /// All that it holds of the catalogue: key, value, and the seconds until it goes (-1: it stays).
    pub async fn entries(&self) -> Vec<(String, String, i64)> {
        let client = redis::Client::open(self.url.as_str()).unwrap();
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

    /// Stops it at once, as a fault would.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// By a thread that lives as long as this process: the system ends a child with the thread that spawned it.
fn spawn(mut command: Command) -> Child {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        die_with_parent(&mut command);
        let _ = tell.send(command.spawn());
        loop {
            std::thread::park();
        }
    });
    told.recv().unwrap().expect("redis-server, which Debian's package of that name has")
}

/// Where limits are counted.
#[derive(Clone, Copy)]
pub enum Store {
    Postgres,
    Redis,
}

impl Store {
    /// A Lyceum that counts there.
    pub async fn lyceum(self) -> Arc<Lyceum> {
        self.with(&[]).await
    }

    /// The same, with these settings.
    pub async fn with(self, settings: &[(&str, &str)]) -> Arc<Lyceum> {
        static SERVER: OnceLock<RedisServer> = OnceLock::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let redis = match self {
            Self::Postgres => None,
            Self::Redis => {
                let server = SERVER.get_or_init(RedisServer::start);
                let database = NEXT.fetch_add(1, Ordering::Relaxed);
                assert!(database < DATABASES);
                Some(format!("{}/{database}", server.url))
            }
        };
        Lyceum::with(|name| {
            let set = settings.iter().find(|(setting, _)| *setting == name).map(|(_, value)| (*value).to_owned());
            set.or_else(|| redis.clone().filter(|_| name == "REDIS_URL"))
        })
        .await
    }
}

/// Makes two tests of each rule, which takes a [`Store`].
macro_rules! on_both_stores {
    ($($rule:ident),* $(,)?) => {
        mod in_postgres {
            $(#[tokio::test] async fn $rule() { super::$rule(crate::harness::Store::Postgres).await; })*
        }
        mod in_redis {
            $(#[tokio::test] async fn $rule() {
                crate::harness::needs_program!("redis-server");
                super::$rule(crate::harness::Store::Redis).await;
            })*
        }
    };
}
pub(crate) use on_both_stores;
