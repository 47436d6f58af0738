//! The connection of a call, from its first statement to its answer.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::time::timeout;

use super::Database;
use crate::error::Result;

/// How long a connection that goes back to the pool may take for it. One that is silent holds the place of another,
/// and a function that was frozen meanwhile may have none but that; one that is only slow is kept, since making many
/// anew is what a busy database needs least.
const RETURN_TIMEOUT: Duration = Duration::from_secs(2);

/// The connection that a call has, while none of its reads and writes has it. On the way back to the pool, sqlx has a
/// connection give a sign of life, a round trip: the call would wait for it between its steps and before its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallConnection(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot(Mutex<Option<PoolConnection<Postgres>>>);

impl CallConnection {
    /// Lends it, or, to whoever is first, one of the pool.
    pub async fn acquire(&self, database: &Database, now: DateTime<Utc>) -> Result<PooledConnection> {
        let connection = match self.take() {
            Some(connection) => connection,
            None => database.acquire(now).await?,
        };
        Ok(PooledConnection { connection: Some(connection), in_transaction: false, call: self.clone() })
    }

    /// Gives it back to the pool now.
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
    /// The call is over; whoever sends its answer comes before the pool.
    fn drop(&mut self) {
        if let Some(connection) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                return_to_pool(connection).await;
            });
        }
    }
}

/// A connection that one read or write has for itself, and the call has again afterwards.
pub(crate) struct PooledConnection {
    /// Only gone while it is dropped.
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
        self.connection.as_deref().unwrap_or_else(|| unreachable!("it is there until it is dropped"))
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().unwrap_or_else(|| unreachable!("it is there until it is dropped"))
    }
}

impl Drop for PooledConnection {
    /// What was not committed is rolled back at once, before the answer goes out.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.in_transaction {
            tokio::spawn(async move {
                let rolled_back = sqlx::raw_sql("ROLLBACK").execute(&mut *connection);
                let _ = timeout(RETURN_TIMEOUT, rolled_back).await; // or it is closed, which rolls back, too
                return_to_pool(connection).await;
            });
        } else {
            *self.call.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
    }
}

/// Gives it back to the pool, or closes it: by itself, sqlx waits for a sign of life without end.
async fn return_to_pool(mut connection: PoolConnection<Postgres>) {
    let _ = timeout(RETURN_TIMEOUT, connection.return_to_pool()).await;
}
