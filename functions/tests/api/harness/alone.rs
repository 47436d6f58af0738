//! A separate cluster for a test, for tests of roles, settings or the server itself.

use std::ops::Deref;
use std::path::Path;

use lyceum_local::postgres::Cluster;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

/// A cluster that stops and is removed on drop.
pub struct Alone {
    cluster: Option<Cluster>,
    folder: TempDir,
}

impl Alone {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("cluster");
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&dir, false)).await.unwrap().unwrap();
        Self { cluster: Some(cluster), folder }
    }

    /// Restarts the cluster, to apply settings that need it. The port changes.
    pub async fn restart(&mut self) {
        let cluster = self.cluster.take().unwrap();
        let dir = self.folder.path().join("cluster");
        let restarted = tokio::task::spawn_blocking(move || {
            cluster.stop().unwrap();
            Cluster::start(&dir, false)
        });
        self.cluster = Some(restarted.await.unwrap().unwrap());
    }

    /// Starts a replica of the cluster.
    pub fn replica_in(&self, dir: &Path) -> Cluster {
        tokio::task::block_in_place(|| self.replica(dir)).unwrap()
    }

    /// Returns a folder that is removed with the cluster.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs statements as the superuser.
    pub async fn execute(&self, sql: &str) {
        let mut superuser = self.superuser("postgres").await;
        superuser.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        superuser.close().await.unwrap();
    }

    pub async fn superuser(&self, database: &str) -> PgConnection {
        PgConnection::connect(&self.url("postgres", database)).await.unwrap()
    }
}

impl Deref for Alone {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster.as_ref().unwrap()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let Some(cluster) = self.cluster.take() else { return };
        let data = cluster.location().to_owned(); // may be outside the test's folder
        drop(cluster);
        let _ = std::fs::remove_dir_all(data);
    }
}
