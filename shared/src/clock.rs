//! The time, as something that is given: rules that depend on it take it from here, never from the
//! system or from SQL's `now()`.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The system's time, or one that tests set.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<Mutex<DateTime<Utc>>>>);

impl Clock {
    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn fixed_at(time: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(Mutex::new(time))))
    }

    /// In microseconds, as Postgres keeps it, so that a time read back is the time written.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let time = match &self.0 {
            Some(standing) => *standing.lock().unwrap_or_else(PoisonError::into_inner),
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
            None => Utc::now(),
        };
        DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
    }

    /// Moves a standing clock; the system's stays as it is.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(standing) = &self.0 {
            *standing.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}
