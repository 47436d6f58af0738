//! Running jobs: retries, dead jobs, leases, unknown kinds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use lyceum::error::{Error, Result};
use lyceum::jobs::{self, Handler, Job, Kind, Outcome, Runner};
use lyceum::transaction::Write;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::harness::Lyceum;

const fn kind(name: &'static str) -> Kind {
    Kind { name, run_by: Runner::RunJobs, wake_after: Duration::ZERO, coalesces: false }
}

/// Enqueues a job for each step, each in a transaction of its own; fails at the step `fails_at`.
#[derive(Serialize, Deserialize)]
struct Steps {
    left: u32,
    fails_at: Option<u32>,
}

impl Job for Steps {
    const KIND: Kind = kind("test-steps");

    async fn run(&mut self, write: &mut Write) -> Result<Outcome> {
        write.enqueue(&Trace { of: self.left }).await?;
        if self.fails_at == Some(self.left) {
            return Err(Error::internal("It fails on purpose."));
        }
        self.left -= 1;
        Ok(if self.left == 0 { Outcome::Done } else { Outcome::More })
    }
}

/// What a run leaves behind. Nothing runs it in these tests.
#[derive(Serialize, Deserialize)]
struct Trace {
    of: u32,
}

impl Job for Trace {
    const KIND: Kind = kind("test-trace");

    async fn run(&mut self, _write: &mut Write) -> Result<Outcome> {
        Ok(Outcome::Done)
    }
}

async fn enqueue<J: Job>(lyceum: &Lyceum, job: &J) {
    let mut tx = lyceum.app.write_as_system().await.unwrap();
    tx.enqueue(job).await.unwrap();
    tx.commit_unaudited("a test").await.unwrap();
}

/// Runs the jobs of one kind, as the function that has its handler.
async fn run<J: Job>(lyceum: &Lyceum) {
    let answer = jobs::work(&lyceum.app, Runner::RunJobs, &[Handler::of::<J>(), PENDING_TRACES], &json!({})).await;
    assert_eq!(answer.unwrap(), json!({ "batchItemFailures": [] }));
}

/// Keeps traces from being unknown: a kind of their own, of which there are no jobs.
const PENDING_TRACES: Handler = Handler::of::<Trace>();

async fn rows(lyceum: &Lyceum, kind: &str) -> Vec<Value> {
    sqlx::query_scalar("SELECT to_jsonb(jobs) FROM jobs WHERE kind = $1 ORDER BY id")
        .bind(kind)
        .fetch_all(&lyceum.database)
        .await
        .unwrap()
}

async fn traces(lyceum: &Lyceum) -> Vec<u64> {
    rows(lyceum, "test-trace").await.iter().map(|row| row["payload"]["of"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn each_part_of_a_job_is_committed_and_the_done_job_is_kept_for_thirty_days() {
    let lyceum = Lyceum::new().await;
    enqueue(&lyceum, &Steps { left: 3, fails_at: None }).await;
    run::<Steps>(&lyceum).await;
    assert_eq!(traces(&lyceum).await, [3, 2, 1]);
    let row = rows(&lyceum, "test-steps").await.remove(0);
    assert_eq!((&row["attempts"], &row["lease"], &row["dead_at"]), (&json!(1), &Value::Null, &Value::Null));
    assert!(!row["done_at"].is_null());
    run::<Steps>(&lyceum).await;
    assert_eq!(traces(&lyceum).await.len(), 3, "it is not run again");
    for (days, kept) in [(29, 1), (2, 0)] {
        lyceum.clock.advance(TimeDelta::days(days));
        lyceum.run("maintain", json!({})).await;
        assert_eq!(rows(&lyceum, "test-steps").await.len(), kept);
    }
}

#[tokio::test]
async fn a_job_that_fails_is_rolled_back_retried_with_jitter_dead_after_five_attempts_and_redriven() {
    let lyceum = Lyceum::new().await;
    enqueue(&lyceum, &Steps { left: 2, fails_at: Some(2) }).await;
    let mut minutes = 1;
    for attempt in 1..=5 {
        run::<Steps>(&lyceum).await;
        let row = rows(&lyceum, "test-steps").await.remove(0);
        assert_eq!((&row["attempts"], row["dead_at"].is_null()), (&json!(attempt), attempt < 5));
        assert_eq!((&row["last_error"], &row["lease"]), (&json!("internal: It fails on purpose."), &Value::Null));
        let due_at: chrono::DateTime<chrono::Utc> = row["due_at"].as_str().unwrap().parse().unwrap();
        let waits = due_at - lyceum.clock.now();
        assert!(waits >= TimeDelta::zero() && waits <= TimeDelta::minutes(minutes), "attempt {attempt} waits {waits}");
        lyceum.clock.advance(waits);
        minutes = (minutes * 4).min(64);
    }
    assert_eq!(traces(&lyceum).await, [0_u64; 0]);
    lyceum.clock.advance(TimeDelta::days(1));
    run::<Steps>(&lyceum).await;
    assert_eq!(rows(&lyceum, "test-steps").await[0]["attempts"], 5, "a dead job is left alone");

    sqlx::query("UPDATE jobs SET payload = '{\"left\": 1}'").execute(&lyceum.database).await.unwrap();
    let handlers = [Handler::of::<Steps>(), PENDING_TRACES];
    let answer = jobs::work(&lyceum.app, Runner::RunJobs, &handlers, &json!({ "redrive": true })).await.unwrap();
    assert_eq!(answer, json!({ "redriven": 1 }));
    assert!(!rows(&lyceum, "test-steps").await[0]["done_at"].is_null());
    assert_eq!(lyceum.audited("jobs.redrive").await[0]["changes"]["redriven"]["to"], 1);
}

#[tokio::test]
async fn a_job_with_an_unknown_kind_or_payload_fails_without_stopping_others() {
    let lyceum = Lyceum::new().await;
    sqlx::query(
        "INSERT INTO jobs (kind, payload, due_at) VALUES ('from-a-newer-version', '{\"x\": 1}', 'epoch'),
           ('test-steps', '{\"left\": \"many\"}', 'epoch'), ('test-steps', '[]', 'epoch')",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    enqueue(&lyceum, &Steps { left: 1, fails_at: None }).await;
    for _ in 1..=5 {
        run::<Steps>(&lyceum).await;
        assert_eq!(traces(&lyceum).await, [1]);
        lyceum.clock.advance(TimeDelta::hours(2));
    }
    let dead = "SELECT count(*) FROM jobs WHERE dead_at IS NOT NULL AND attempts = 5 AND last_error IS NOT NULL";
    assert_eq!(lyceum.count(dead).await, 3);
    let unknown = rows(&lyceum, "from-a-newer-version").await.remove(0);
    assert_eq!(unknown["last_error"], "This version knows no jobs of the kind from-a-newer-version.");
}

static RUNS: AtomicU32 = AtomicU32::new(0);

#[derive(Serialize, Deserialize)]
struct Counted {}

impl Job for Counted {
    const KIND: Kind = kind("test-counted");

    async fn run(&mut self, _write: &mut Write) -> Result<Outcome> {
        RUNS.fetch_add(1, Ordering::SeqCst);
        Ok(Outcome::Done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_runners_at_once_run_each_job_once() {
    let lyceum = Lyceum::new().await;
    for _ in 0..50 {
        enqueue(&lyceum, &Counted {}).await;
    }
    let runners: Vec<_> = (0..8)
        .map(|_| {
            let lyceum = lyceum.clone();
            tokio::spawn(async move { run::<Counted>(&lyceum).await })
        })
        .collect();
    for runner in runners {
        runner.await.unwrap();
    }
    assert_eq!(RUNS.load(Ordering::SeqCst), 50);
    assert_eq!(lyceum.count("SELECT count(*) FROM jobs WHERE done_at IS NOT NULL AND attempts = 1").await, 50);
}

static WAITS: AtomicBool = AtomicBool::new(true);
static STARTED: Notify = Notify::const_new();
static GO_ON: Notify = Notify::const_new();

/// Its first run waits until it is let go.
#[derive(Serialize, Deserialize)]
struct Slow {}

impl Job for Slow {
    const KIND: Kind = kind("test-slow");

    async fn run(&mut self, write: &mut Write) -> Result<Outcome> {
        let first = WAITS.swap(false, Ordering::SeqCst);
        write.enqueue(&Trace { of: u32::from(first) }).await?;
        if first {
            STARTED.notify_one();
            GO_ON.notified().await;
        }
        Ok(Outcome::Done)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_does_after_it_lost_its_lease_is_rolled_back() {
    let lyceum = Lyceum::new().await;
    enqueue(&lyceum, &Slow {}).await;
    let slow = {
        let lyceum = lyceum.clone();
        tokio::spawn(async move { run::<Slow>(&lyceum).await })
    };
    STARTED.notified().await;
    run::<Slow>(&lyceum).await;
    assert_eq!(rows(&lyceum, "test-slow").await[0]["attempts"], 1, "the first run has the lease");
    lyceum.clock.advance(TimeDelta::seconds(61));
    run::<Slow>(&lyceum).await;
    let newer = rows(&lyceum, "test-slow").await.remove(0);
    assert_eq!((&newer["attempts"], newer["done_at"].is_null()), (&json!(2), false));
    GO_ON.notify_one();
    slow.await.unwrap();
    assert_eq!(rows(&lyceum, "test-slow").await, [newer]);
    assert_eq!(traces(&lyceum).await, [0], "of the run that had the lease");
}

static HANGS: Notify = Notify::const_new();

/// Never ends.
#[derive(Serialize, Deserialize)]
struct Hanging {}

impl Job for Hanging {
    const KIND: Kind = kind("test-hanging");

    async fn run(&mut self, _write: &mut Write) -> Result<Outcome> {
        HANGS.notify_one();
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_ended_in_a_crash_count_and_five_of_them_end_the_job() {
    let lyceum = Lyceum::new().await;
    enqueue(&lyceum, &Hanging {}).await;
    for attempt in 1..=5 {
        let killed = {
            let lyceum: Arc<Lyceum> = lyceum.clone();
            tokio::spawn(async move { run::<Hanging>(&lyceum).await })
        };
        HANGS.notified().await;
        killed.abort();
        assert!(killed.await.unwrap_err().is_cancelled());
        let row = rows(&lyceum, "test-hanging").await.remove(0);
        assert_eq!((&row["attempts"], row["lease"].is_null()), (&json!(attempt), false));
        lyceum.clock.advance(TimeDelta::seconds(61));
    }
    run::<Hanging>(&lyceum).await;
    let row = rows(&lyceum, "test-hanging").await.remove(0);
    assert!(!row["dead_at"].is_null());
    assert_eq!(row["last_error"], "internal: The attempts before this one ended without a result.");
}

#[test]
fn each_kind_is_listed_by_the_function_that_runs_it_and_by_no_other() {
    let handled = lyceum_functions::operating::run_jobs::HANDLERS.map(|handler| handler.kind);
    assert_eq!(jobs::KINDS.to_vec(), handled.to_vec());
    for kind in jobs::KINDS {
        assert!(lyceum_functions::ALL.iter().any(|function| function.name == kind.run_by.function()), "{}", kind.name);
        assert!(kind.name.len() <= 50);
    }
}
