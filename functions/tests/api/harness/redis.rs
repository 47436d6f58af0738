//! A real Redis, for tests of rate limits and of the response cache.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use lyceum_local::postgres::die_with_parent;
use redis::AsyncCommands;

use super::Lyceum;

/// The number of databases of the shared server; each test uses one.
const DATABASES: u32 = 1000;
const START_LIMIT: Duration = Duration::from_secs(20);

/// A separate Redis server, which stops at the latest with this process.
pub struct RedisServer {
    pub url: String,
    process: Child,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::start_with(&["--databases", &DATABASES.to_string()])
    }

    /// Starts a cluster with one node that has all slots. `ElastiCache` Serverless looks like this to clients.
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

    /// Returns the cached catalogue entries: key, value, and the seconds to live (-1: no expiry).
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

    /// Kills the server, as a crash would.
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

/// Spawns from a thread that lives as long as this process, because Linux kills a child with the thread that spawned
/// it.
fn spawn(mut command: Command) -> Child {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        die_with_parent(&mut command);
        let _ = sender.send(command.spawn());
        loop {
            std::thread::park();
        }
    });
    receiver.recv().unwrap().expect("redis-server (install the package redis-server)")
}

/// The store of the rate limits.
#[derive(Clone, Copy)]
pub enum Store {
    Postgres,
    Redis,
}

impl Store {
    /// Creates a Lyceum that uses this store.
    pub async fn lyceum(self) -> Arc<Lyceum> {
        self.with(&[]).await
    }

    /// Creates a Lyceum that uses this store, with changed settings.
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

/// Defines two tests for each rule, a function that takes a [`Store`].
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
