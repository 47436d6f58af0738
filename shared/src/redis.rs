//! The optional Redis. It makes requests faster and may be unavailable at any time; no data exists only there.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::RedisResult;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::error::{Error, Result};

/// The time limit of a command, including a new connection.
const TIMEOUT: Duration = Duration::from_millis(300);
/// How long Redis is not used after a failure, so that not every request waits for it.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Redis {
    connection: ConnectionManager,
    unavailable_until: Mutex<Option<Instant>>,
}

impl Redis {
    /// Creates a client that connects on first use. `rediss://` uses TLS.
    pub fn new(url: &str) -> Result<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let client = redis::Client::open(url).map_err(Error::internal)?;
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(Error::internal)?;
        Ok(Self { connection, unavailable_until: Mutex::default() })
    }

    /// Runs a command. Returns `None` when Redis is unavailable; callers then continue without it.
    pub async fn ask<T, F>(&self, question: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if self.unavailable_until().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let answer = tokio::time::timeout(TIMEOUT, question(self.connection.clone())).await;
        let error = match answer {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(error, "Redis is unavailable");
        *self.unavailable_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + RETRY_PAUSE);
        None
    }

    fn unavailable_until(&self) -> Option<Instant> {
        *self.unavailable_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
