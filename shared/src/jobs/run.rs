//! What a function that runs jobs does with an event.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rows::{self, Leased, MOST_ATTEMPTS};
use super::{Handler, KINDS, Outcome, Runner};
use crate::app::App;
use crate::audit::{Audit, Changes};
use crate::error::{Error, Result};
use crate::queue::Message;

/// A run starts no job after this time: with the longest attempt it ends within the function's minute.
const STARTS_WITHIN: Duration = Duration::from_secs(20);
/// How long one attempt, or one part of the work, may take.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(30);
/// How often work is tried at once when a deadlock ended it.
const TRIES: u32 = 3;

/// Runs all jobs of the function that are due, and wakes the function again when the next one is due. Messages that all say
/// that their jobs are due later are only sent again, without the database.
///
/// `{"redrive": true}`, sent by an operator, first makes the jobs due that were given up.
///
/// # Errors
/// When the database is away, so that the message comes again. A job that fails is a row that is due later.
pub async fn work(app: &App, runner: Runner, handlers: &[Handler], event: &Value) -> Result<Value> {
    if event["redrive"] == true {
        let mut tx = app.write_as_system().await?;
        let redriven = rows::redrive(&mut tx, &kinds_of_others(runner)).await?;
        tx.commit(Audit::of("jobs.redrive", "jobs").changed(Changes::field("redriven", None::<u64>, redriven))).await?;
        run_due(app, runner, handlers).await?;
        return Ok(json!({ "redriven": redriven }));
    }
    match Message::due_later(event, app.clock.now()) {
        Some(due_at) => wake_at(app, runner, due_at).await,
        None => run_due(app, runner, handlers).await?,
    }
    Ok(json!({ "batchItemFailures": [] }))
}

async fn run_due(app: &App, runner: Runner, handlers: &[Handler]) -> Result<()> {
    let began = Instant::now();
    let run_here = handlers.iter().map(|handler| handler.kind);
    let known: Vec<_> = KINDS.into_iter().chain(run_here).map(|kind| kind.name.to_owned()).collect();
    let mut found = true;
    while found && began.elapsed() < STARTS_WITHIN {
        found = false;
        for handler in handlers {
            let mut tx = app.write_as_system().await?;
            let leased = rows::lease(&mut tx, handler.kind.name, handler.kind.coalesces).await?;
            tx.commit_unaudited("leasing a job is no change by anyone").await?;
            if let Some(jobs) = leased {
                found = true;
                attempt(app, handler, jobs).await?;
            }
        }
        if runner == Runner::RunJobs {
            found |= fail_unknown(app, &known).await?;
        }
    }
    let mut read = app.read_as_system().await?;
    publish_backlog(&rows::backlog(&mut read).await?);
    let next = rows::next_due(&mut read, &kinds_of_others(runner)).await?;
    drop(read);
    if let Some(due_at) = next {
        wake_at(app, runner, due_at).await;
    }
    Ok(())
}

/// Fails one job of a kind that no function of this version runs. Returns whether there was one.
async fn fail_unknown(app: &App, known: &[String]) -> Result<bool> {
    let mut tx = app.write_as_system().await?;
    let leased = rows::lease_unknown(&mut tx, known).await?;
    if let Some(jobs) = &leased {
        tracing::warn!(kind = jobs.kind, "a job of an unknown kind");
        rows::fail(&mut tx, jobs, &format!("This version knows no jobs of the kind {}.", jobs.kind)).await?;
    }
    tx.commit_unaudited("the row itself is the record").await?;
    Ok(leased.is_some())
}

/// Runs the jobs. What they do is committed together with their end, or not at all.
async fn attempt(app: &App, handler: &Handler, mut jobs: Leased) -> Result<()> {
    let done = run_all_parts(app, handler, &mut jobs).await;
    if let Err(error) = done {
        tracing::error!(kind = jobs.kind, attempt = jobs.attempts, %error, "a job failed");
        let mut tx = app.write_as_system().await?;
        rows::fail(&mut tx, &jobs, &error.to_string()).await?;
        tx.commit_unaudited("the row itself is the record").await?;
    }
    Ok(())
}

async fn run_all_parts(app: &App, handler: &Handler, jobs: &mut Leased) -> Result<()> {
    // Attempts that ended without a result (a crash, a timeout) count, too.
    if jobs.attempts > MOST_ATTEMPTS {
        return Err(Error::internal("The attempts before this one ended without a result."));
    }
    let mut tries = 1;
    loop {
        let part = tokio::time::timeout(LONGEST_ATTEMPT, run_part(app, handler, jobs)).await;
        match part.unwrap_or_else(|_| Err(Error::internal("It took too long."))) {
            Ok(Outcome::Done) => return Ok(()),
            Ok(Outcome::More) => tries = 1,
            Err(Error::Retry(_)) if tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn run_part(app: &App, handler: &Handler, jobs: &mut Leased) -> Result<Outcome> {
    let mut tx = app.write_as_system().await?;
    let mut payload = jobs.payload.clone();
    let outcome = (handler.run)(&mut payload, &mut tx).await?;
    let still_leased = match outcome {
        Outcome::Done => rows::finish(&mut tx, jobs, handler.kind.coalesces).await?,
        Outcome::More => rows::renew(&mut tx, jobs, &payload).await?,
    };
    if !still_leased {
        tracing::warn!(kind = jobs.kind, "a job took longer than its lease; the work of this run is rolled back");
        tx.roll_back().await?;
        return Ok(Outcome::Done);
    }
    tx.commit_unaudited("jobs are done by nobody; what caused them was audited").await?;
    jobs.payload = payload;
    Ok(outcome)
}

fn kinds_of_others(runner: Runner) -> Vec<String> {
    KINDS.iter().filter(|kind| kind.run_by != runner).map(|kind| kind.name.to_owned()).collect()
}

async fn wake_at(app: &App, runner: Runner, due_at: chrono::DateTime<chrono::Utc>) {
    if let Some(queue) = app.queues().of(runner) {
        queue.wake_at(due_at, app.clock.now()).await;
    }
}

fn publish_backlog(backlog: &[rows::Backlog]) {
    tracing::info!(
        jobs_waiting = backlog.iter().map(|kind| kind.waiting).sum::<i64>(),
        oldest_job_seconds = backlog.iter().map(|kind| kind.oldest_due_seconds).max().unwrap_or(0),
        jobs_dead = backlog.iter().map(|kind| kind.dead).sum::<i64>(),
        "the jobs"
    );
}
