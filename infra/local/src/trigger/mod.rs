//! What S3 and Lambda do between them: an object that was created starts a function, later, at least once, with three
//! tries; an event that fails each time waits in the on-failure queue until it is driven again.
//!
//! Events under way are kept nowhere: when the stack starts, each object that is still there is told of once more.

mod failures;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use lyceum::clock::Clock;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::event;
use crate::storage::{Created, Storage};
pub use failures::Failures;

/// How many events are worked on at once. Lambda has a thousand; this machine has a few cores.
const AT_ONCE: usize = 4;
/// The longest that a function may take.
const LIMIT: Duration = Duration::from_mins(15);

/// The function, as whoever has an event reaches it.
pub type Invoke = Arc<dyn Fn(Value) -> Pin<Box<dyn Future<Output = Result<Value>> + Send>> + Send + Sync>;

/// A function that is started by what is created below a prefix.
pub struct Trigger {
    pub function: String,
    pub prefix: String,
    pub invoke: Invoke,
    /// How long after a first and a second failure it is tried again: Lambda waits one minute, and then two.
    pub delays: [Duration; 2],
    pub clock: Clock,
    pub failures: Failures,
}

impl Trigger {
    /// Works until it is dropped.
    pub async fn run(self, storage: Arc<Storage>) {
        let (trigger, mut created) = (Arc::new(self), storage.created());
        let mut working = JoinSet::new();
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut start = |trigger: &Arc<Self>, created: Created| {
            while working.try_join_next().is_some() {} // forgets those that are done
            let (trigger, turns) = (trigger.clone(), turns.clone());
            working.spawn(async move {
                let _turn = turns.acquire_owned().await;
                trigger.handle(&created).await;
            });
        };
        let mut told_all = false;
        loop {
            if !told_all {
                match trigger.still_there(&storage).await {
                    Ok(objects) => objects.into_iter().for_each(|object| start(&trigger, object)),
                    Err(error) => tracing::warn!(%error, "what was created before can't be listed"),
                }
                told_all = true;
            }
            match created.recv().await {
                Ok(object) if object.key.starts_with(&trigger.prefix) => start(&trigger, object),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => told_all = false, // more was created at once than is kept
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// What nobody has worked off, as far as that can be seen; what failed waits for whoever drives it again.
    async fn still_there(&self, storage: &Storage) -> Result<Vec<Created>> {
        let failed: HashSet<String> = self.failures.all()?.iter().filter_map(failures::Failure::key).collect();
        let mut objects = storage.objects(&self.prefix).await?;
        objects.retain(|object| !failed.contains(&object.key));
        Ok(objects)
    }

    async fn handle(&self, created: &Created) {
        let event = event::object_created(created, &sequencer(self.clock.now()), self.clock.now());
        let mut waits = self.delays.into_iter();
        let error = loop {
            let Err(error) = self.try_once(event.clone()).await else {
                return;
            };
            tracing::warn!(%error, key = created.key, "{} failed", self.function);
            match waits.next() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break error,
            }
        };
        if let Err(lost) = self.failures.keep(&self.function, &event, &error, self.clock.now()) {
            tracing::error!(error = %lost, key = created.key, "the event of a failure could not be kept");
        }
    }

    /// A function that panics has failed, and nothing else with it.
    async fn try_once(&self, event: Value) -> Result<Value> {
        let running = tokio::spawn((self.invoke)(event));
        let stop = running.abort_handle();
        match tokio::time::timeout(LIMIT, running).await {
            Ok(ended) => ended.context("the function panicked")?,
            Err(late) => {
                stop.abort();
                Err(late).context("the function took too long")
            }
        }
    }
}

/// Events of one key can be put in order by it.
fn sequencer(now: DateTime<Utc>) -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = now.timestamp_micros().try_into().unwrap_or(0);
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now.max(last + 1)));
    format!("{:018X}", now.max(last.unwrap_or_default() + 1))
}

/// Hands the events that failed to the function once more, and tells how many it took.
///
/// # Errors
/// When one fails again, with the reason; it is kept.
pub async fn redrive(failures: &Failures, invoke: &Invoke) -> Result<usize> {
    let all = failures.all()?;
    let mut reasons = Vec::new();
    for failure in &all {
        match invoke(failure.event()).await {
            Ok(_) => failures.forget(failure)?,
            Err(error) => reasons.push(format!("{}: {error:#}", failure.key().unwrap_or_default())),
        }
    }
    let again = reasons.len();
    anyhow::ensure!(reasons.is_empty(), "{}\n{again} of {} failed again, and are kept.", reasons.join("\n"), all.len());
    Ok(all.len())
}

/// Where the stack keeps the events of a function that failed.
#[must_use]
pub fn failures_of(data_dir: &Path, function: &str) -> Failures {
    Failures::new(&data_dir.join("failed").join(function))
}
