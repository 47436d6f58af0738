//! The connection of a call, from its first statement to its answer.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

use super::Database;
use crate::error::Result;

/// Where a call keeps its connection while none of its reads and writes has it. On the way back to the pool, sqlx has a
/// connection give a sign of life, a round trip: the call would wait for it between its steps and before its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot(Mutex<Option<PoolConnection<Postgres>>>);

impl Kept {
    /// Lends the connection of the call, or one of the pool.
    pub async fn lend(&self, database: &Database, now: DateTime<Utc>) -> Result<Lent> {
        let kept = self.0.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let connection = match kept {
            Some(connection) => connection,
            None => database.acquire(now).await?,
        };
        Ok(Lent { connection: Some(connection), in_transaction: false, from: self.clone() })
    }
}

impl Drop for Slot {
    /// The call is over: its connection goes back to the pool when its answer has gone out.
    fn drop(&mut self) {
        if let Some(connection) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            tokio::spawn(async move {
                tokio::task::yield_now().await; // to whoever sends the answer
                drop(connection);
            });
        }
    }
}

/// A connection that one read or write has for itself, and the call has again afterwards.
pub(crate) struct Lent {
    /// Only gone while it is dropped.
    connection: Option<PoolConnection<Postgres>>,
    in_transaction: bool,
    from: Kept,
}

impl Lent {
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    pub async fn begin(&mut self) -> Result<()> {
        self.in_transaction = true;
        self.tell("BEGIN").await
    }

    pub async fn commit(&mut self) -> Result<()> {
        self.tell("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    pub async fn roll_back(&mut self) -> Result<()> {
        self.tell("ROLLBACK").await?;
        self.in_transaction = false;
        Ok(())
    }

    async fn tell(&mut self, command: &'static str) -> Result<()> {
        sqlx::raw_sql(command).execute(&mut **self).await?;
        Ok(())
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_deref().unwrap_or_else(|| unreachable!("it is there until it is dropped"))
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().unwrap_or_else(|| unreachable!("it is there until it is dropped"))
    }
}

impl Drop for Lent {
    /// What was not committed is rolled back at once, and not kept until the answer has gone out.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.in_transaction {
            tokio::spawn(async move {
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await; // or the pool closes it
            });
        } else {
            *self.from.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
    }
}
