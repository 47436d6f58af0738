//! Calls that wait for locks.

use std::sync::Arc;

use sqlx::{Connection, PgConnection};

use super::{Lyceum, cluster};

/// What a call waits for.
#[derive(Clone, Copy)]
pub enum Lock {
    Row,
    Advisory,
}

impl Lyceum {
    /// A Lyceum with enough connections that calls wait only for locks.
    pub async fn of_many_connections() -> Arc<Self> {
        Self::with(|name| (name == "DATABASE_MAX_CONNECTIONS").then(|| "24".to_owned())).await
    }

    /// Waits until that many calls wait for a lock of the kind.
    pub async fn until_waiting(&self, lock: Lock, calls: i64) {
        let waiting = match lock {
            Lock::Row => {
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE NOT granted AND locktype <> 'advisory' AND datname = current_database()"
            }
            Lock::Advisory => {
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()"
            }
        };
        while self.count(waiting).await < calls {
            tokio::task::yield_now().await;
        }
    }

    /// Asserts that no deadlock happened in this database. Ends the connections of the functions, since a connection counts its
    /// deadlocks when it ends.
    pub async fn assert_no_deadlock(&self) {
        let url = cluster().await.url("postgres", "postgres");
        let mut superuser = PgConnection::connect(&url).await.unwrap();
        let end = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = $1";
        sqlx::query(end).bind(&self.database_name).execute(&mut superuser).await.unwrap();
        let deadlocks: i64 = sqlx::query_scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = $1")
            .bind(&self.database_name)
            .fetch_one(&mut superuser)
            .await
            .unwrap();
        assert_eq!(deadlocks, 0);
    }
}
