//! Redis, where there is one: it makes things faster, and may be away at any time. Nothing is kept in it alone.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::RedisResult;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::error::{Error, Result};

/// How long it is waited for, a new connection included.
const TIMEOUT: Duration = Duration::from_millis(300);
/// How long it is not asked again once it was away: each call would wait for it otherwise.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Redis {
    connection: ConnectionManager,
    unavailable_until: Mutex<Option<Instant>>,
}

impl Redis {
    /// Connects when it is first asked. `rediss://` is TLS.
    pub fn new(url: &str) -> Result<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let client = redis::Client::open(url).map_err(Error::internal)?;
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(Error::internal)?;
        Ok(Self { connection, unavailable_until: Mutex::default() })
    }

    /// What it answers; none when it is away, and the caller is to do without.
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
        tracing::warn!(error, "Redis is away");
        *self.unavailable_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + RETRY_PAUSE);
        None
    }

    fn unavailable_until(&self) -> Option<Instant> {
        *self.unavailable_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
