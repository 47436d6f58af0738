//! The database connection of a request, which its reads and writes use in turn.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::time::timeout;

use super::Database;
use crate::error::Result;

/// How long returning a connection to the pool may take. A connection that doesn't respond is closed, because it
/// would block the pool's only place in a function that was frozen. A slow one is kept: opening new connections is
/// the last thing that a busy database needs.
const RETURN_TIMEOUT: Duration = Duration::from_secs(2);

/// Holds the request's connection while no read or write uses it. sqlx checks a connection with a round trip when it
/// returns to the pool; keeping it here avoids that wait between the steps of a request and before its response.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallConnection(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot(Mutex<Option<PoolConnection<Postgres>>>);

impl CallConnection {
    /// Takes the request's connection, or one from the pool for the first user.
    pub async fn acquire(&self, database: &Database, now: DateTime<Utc>) -> Result<PooledConnection> {
        let connection = match self.take() {
            Some(connection) => connection,
            None => database.acquire(now).await?,
        };
        Ok(PooledConnection { connection: Some(connection), in_transaction: false, call: self.clone() })
    }

    /// Returns the connection to the pool now.
    pub fn release(&self) {
        if let Some(connection) = self.take() {
            tokio::spawn(return_to_pool(connection));
        }
    }

    fn take(&self) -> Option<PoolConnection<Postgres>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Slot {
    /// Returns the connection in the background, so that the response is sent first.
    fn drop(&mut self) {
        if let Some(connection) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                return_to_pool(connection).await;
            });
        }
    }
}

/// A connection in use by one read or write. Dropped, it goes back to its request.
pub(crate) struct PooledConnection {
    /// `None` only while it is dropped.
    connection: Option<PoolConnection<Postgres>>,
    in_transaction: bool,
    call: CallConnection,
}

impl PooledConnection {
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    pub async fn begin(&mut self) -> Result<()> {
        self.in_transaction = true;
        self.execute("BEGIN").await
    }

    pub async fn commit(&mut self) -> Result<()> {
        self.execute("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    pub async fn roll_back(&mut self) -> Result<()> {
        self.execute("ROLLBACK").await?;
        self.in_transaction = false;
        Ok(())
    }

    async fn execute(&mut self, command: &'static str) -> Result<()> {
        sqlx::raw_sql(command).execute(&mut **self).await?;
        Ok(())
    }
}

impl Deref for PooledConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_deref().unwrap_or_else(|| unreachable!("the connection is only taken on drop"))
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().unwrap_or_else(|| unreachable!("the connection is only taken on drop"))
    }
}

impl Drop for PooledConnection {
    /// Rolls back an open transaction at once, before the response is sent.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.in_transaction {
            tokio::spawn(async move {
                let rolled_back = sqlx::raw_sql("ROLLBACK").execute(&mut *connection);
                let _ = timeout(RETURN_TIMEOUT, rolled_back).await; // otherwise it is closed, which also rolls back
                return_to_pool(connection).await;
            });
        } else {
            *self.call.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
    }
}

/// Returns the connection to the pool, or closes it after the timeout: sqlx's own check has none.
async fn return_to_pool(mut connection: PoolConnection<Postgres>) {
    let _ = timeout(RETURN_TIMEOUT, connection.return_to_pool()).await;
}
