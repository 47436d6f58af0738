//! Jobs: work that a transaction causes and that happens after it (docs/semantics.md, Jobs).
//!
//! A kind of job is a type that implements [`Job`]: its fields are the payload. [`Write::enqueue`] inserts a job in the
//! transaction that causes it; triggers insert others. After the commit the function that runs the kind is woken through
//! its queue; a schedule finds what no message announced. [`work`] is what that function does.
//!
//! A new kind has an implementation of [`Job`], a line in [`KINDS`], and a line in the handlers of the function that
//! runs it.

mod enqueue;
mod rows;
mod run;

use std::future::Future;
use std::time::Duration;

use lambda_http::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::counters::FoldCounters;
use crate::error::Result;
use crate::transaction::Write;

pub use rows::{Backlog, backlog};
pub(crate) use rows::{MOST_ATTEMPTS, backoff};
pub use run::work;

/// All kinds, of all functions.
pub const KINDS: [Kind; 1] = [FoldCounters::KIND];

/// What is known of a kind where its jobs are enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// `jobs.kind`: 50 characters at most.
    pub name: &'static str,
    /// The function that runs it.
    pub run_by: Runner,
    /// How long after a commit the function is woken. With a delay, jobs of many transactions share one message.
    pub wake_after: Duration,
    /// Whether one run does the work of all jobs that are due. Such jobs have the same payload, and their rows are
    /// deleted when they are done.
    pub coalesces: bool,
}

/// The functions that run jobs. Each has a queue of its own, and its own rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// `run-jobs`: may do what the database allows, and nothing else.
    RunJobs,
}

impl Runner {
    /// The name of the function.
    #[must_use]
    pub const fn function(self) -> &'static str {
        match self {
            Self::RunJobs => "run-jobs",
        }
    }
}

/// A kind of job. Its fields are the payload: no secrets, since they are stored as they are.
pub trait Job: Serialize + DeserializeOwned + Send {
    const KIND: Kind;

    /// Does the work, or a part of it, in a transaction that also ends the job. An error rolls it back; the job is tried
    /// again later.
    fn run(&mut self, write: &mut Write) -> impl Future<Output = Result<Outcome>> + Send;
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// This part is to be committed; then [`Job::run`] is called again, with the payload as it is now.
    More,
}

/// The code of a kind. The function that runs the kind lists it; no other binary contains it.
#[derive(Clone, Copy)]
pub struct Handler {
    pub kind: Kind,
    run: for<'a> fn(&'a mut Value, &'a mut Write) -> BoxFuture<'a, Result<Outcome>>,
}

impl Handler {
    #[must_use]
    pub const fn of<J: Job>() -> Self {
        Self { kind: J::KIND, run: run_as::<J> }
    }
}

fn run_as<'a, J: Job>(payload: &'a mut Value, write: &'a mut Write) -> BoxFuture<'a, Result<Outcome>> {
    Box::pin(async move {
        let mut job: J = serde_json::from_value(payload.take())?;
        let outcome = job.run(write).await?;
        *payload = serde_json::to_value(&job)?;
        Ok(outcome)
    })
}
