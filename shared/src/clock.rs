//! The injected clock. Rules that depend on the time use it, never the system's clock or SQL's `now()`.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The system's clock, or a fixed one that tests move.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<Mutex<DateTime<Utc>>>>);

impl Clock {
    /// Creates a clock that stands still until it is moved.
    #[must_use]
    pub fn fixed_at(time: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(Mutex::new(time))))
    }

    /// Returns the time in microseconds, the precision of Postgres, so that a stored time reads back unchanged.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let time = match &self.0 {
            Some(standing) => *standing.lock().unwrap_or_else(PoisonError::into_inner),
            #[expect(clippy::disallowed_methods, reason = "the only place that reads the system's clock")]
            None => Utc::now(),
        };
        DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
    }

    /// Moves a fixed clock. Does nothing to the system's clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(standing) = &self.0 {
            *standing.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}
