//! The table `jobs`, as the functions that run jobs use it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::id::JobId;
use crate::transaction::{Read, Write};

/// The failed attempts after which a job is dead, until an operator redrives it.
pub(crate) const MOST_ATTEMPTS: i32 = 5;
/// How long a run has a job to itself. Longer than an attempt may take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How many jobs of a coalescing kind one run takes at most.
const MOST_AT_ONCE: i64 = 10_000;

/// Jobs of one kind that a run has leased: one, or several of a coalescing kind.
#[derive(Debug)]
pub(super) struct Leased {
    pub kind: String,
    pub payload: Value,
    /// How many attempts of the job that was tried most often there were, with this one.
    pub attempts: i32,
    ids: Vec<Uuid>,
    lease: Uuid,
}

struct Row {
    id: Uuid,
    kind: String,
    payload: Value,
    attempts: i32,
}

impl Leased {
    fn of(rows: Vec<Row>, lease: Uuid) -> Option<Self> {
        let ids = rows.iter().map(|row| row.id).collect();
        let attempts = rows.iter().map(|row| row.attempts).max()?;
        let Row { kind, payload, .. } = rows.into_iter().next()?;
        Some(Self { kind, payload, attempts, ids, lease })
    }
}

/// Leases the job of this kind that has been due longest, or all that are due when the kind coalesces. Runs at the same
/// time lease different jobs. A job whose lease has expired is due.
pub(super) async fn lease(write: &mut Write, kind: &str, coalesces: bool) -> Result<Option<Leased>> {
    let now = write.now();
    let lease = JobId::new(now).0;
    let rows = sqlx::query_as!(
        Row,
        "UPDATE jobs SET attempts = attempts + 1, lease = $4, leased_until = $5
         WHERE id = ANY (ARRAY(
           SELECT id FROM jobs
           WHERE kind = $1 AND due_at <= $2 AND done_at IS NULL AND dead_at IS NULL
             AND (leased_until IS NULL OR leased_until <= $2)
           ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED))
         RETURNING id, kind, payload, attempts",
        kind,
        now,
        if coalesces { MOST_AT_ONCE } else { 1 },
        lease,
        now + LEASE,
    )
    .fetch_all(write.connection())
    .await?;
    Ok(Leased::of(rows, lease))
}

/// Leases the job that has been due longest of those whose kind is none of `known`.
pub(super) async fn lease_unknown(write: &mut Write, known: &[String]) -> Result<Option<Leased>> {
    let now = write.now();
    let lease = JobId::new(now).0;
    let rows = sqlx::query_as!(
        Row,
        "UPDATE jobs SET attempts = attempts + 1, lease = $3, leased_until = $4
         WHERE id = (
           SELECT id FROM jobs
           WHERE kind <> ALL ($1) AND due_at <= $2 AND done_at IS NULL AND dead_at IS NULL
             AND (leased_until IS NULL OR leased_until <= $2)
           ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, payload, attempts",
        known,
        now,
        lease,
        now + LEASE,
    )
    .fetch_all(write.connection())
    .await?;
    Ok(Leased::of(rows, lease))
}

/// Ends the jobs as done, and deletes those of a coalescing kind. Returns whether this run still has the lease; if not,
/// the transaction must be rolled back.
pub(super) async fn finish(write: &mut Write, jobs: &Leased, coalesces: bool) -> Result<bool> {
    let now = write.now();
    let ended = if coalesces {
        sqlx::query!("DELETE FROM jobs WHERE id = ANY ($1) AND lease = $2", &jobs.ids, jobs.lease)
            .execute(write.connection())
            .await?
    } else {
        sqlx::query!(
            "UPDATE jobs SET done_at = $3, lease = NULL, leased_until = NULL, last_error = NULL
             WHERE id = ANY ($1) AND lease = $2",
            &jobs.ids,
            jobs.lease,
            now,
        )
        .execute(write.connection())
        .await?
    };
    Ok(ended.rows_affected() > 0)
}

/// Keeps the lease for the next part of the work, with the payload as it is now. Returns whether this run still has the
/// lease; if not, the transaction must be rolled back.
pub(super) async fn renew(write: &mut Write, jobs: &Leased, payload: &Value) -> Result<bool> {
    let leased_until = write.now() + LEASE;
    let renewed = sqlx::query!(
        "UPDATE jobs SET payload = $3, leased_until = $4 WHERE id = ANY ($1) AND lease = $2",
        &jobs.ids,
        jobs.lease,
        payload,
        leased_until,
    )
    .execute(write.connection())
    .await?;
    Ok(renewed.rows_affected() > 0)
}

/// Notes a failed attempt: the jobs are due again later, or given up after the fifth attempt. Changes nothing when another
/// run has the lease by now.
pub(super) async fn fail(write: &mut Write, jobs: &Leased, error: &str) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "UPDATE jobs SET due_at = $3, dead_at = CASE WHEN attempts >= $4 THEN $5::timestamptz END, last_error = $6,
           lease = NULL, leased_until = NULL
         WHERE id = ANY ($1) AND lease = $2",
        &jobs.ids,
        jobs.lease,
        now + backoff(jobs.attempts)?,
        MOST_ATTEMPTS,
        now,
        error,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// When a job that is not of `others` can be taken next: when it is due, or its lease expires. `None` when none waits.
pub(super) async fn next_due(read: &mut Read, others: &[String]) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "SELECT min(greatest(due_at, leased_until)) FROM jobs
         WHERE kind <> ALL ($1) AND done_at IS NULL AND dead_at IS NULL",
        others,
    )
    .fetch_one(read.connection())
    .await?)
}

/// Makes the jobs that were given up due again, with five more attempts, except those of `others`. Returns how many.
pub(super) async fn redrive(write: &mut Write, others: &[String]) -> Result<u64> {
    let now = write.now();
    let redriven = sqlx::query!(
        "UPDATE jobs SET dead_at = NULL, attempts = 0, due_at = $2 WHERE dead_at IS NOT NULL AND kind <> ALL ($1)",
        others,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(redriven.rows_affected())
}

/// The jobs of one kind that are not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Backlog {
    pub kind: String,
    /// To be run now or later.
    pub waiting: i64,
    /// How long the job that has waited longest has been due; 0 when none is due.
    pub oldest_due_seconds: i64,
    /// Given up after five attempts, until they are redriven.
    pub dead: i64,
}

/// Returns the kinds that have jobs which are not done.
///
/// # Errors
/// 503 when the database is away.
pub async fn backlog(read: &mut Read) -> Result<Vec<Backlog>> {
    let now = read.now();
    Ok(sqlx::query_as!(
        Backlog,
        r#"SELECT kind AS "kind!", sum(waiting)::bigint AS "waiting!",
             greatest(max(extract(epoch FROM $1 - due_at)), 0)::bigint AS "oldest_due_seconds!", sum(dead)::bigint AS "dead!"
           FROM (
             SELECT kind, count(*) AS waiting, min(greatest(due_at, created_at)) AS due_at, 0 AS dead FROM jobs
             WHERE done_at IS NULL AND dead_at IS NULL GROUP BY kind
             UNION ALL SELECT kind, 0, NULL, count(*) FROM jobs WHERE dead_at IS NOT NULL GROUP BY kind
           ) AS counted
           GROUP BY kind ORDER BY kind"#,
        now,
    )
    .fetch_all(read.connection())
    .await?)
}

/// Returns when to try again after this many attempts: after a random time of up to 1, 4, 16 and 64 minutes (exponential
/// backoff with full jitter).
pub(crate) fn backoff(attempts: i32) -> Result<TimeDelta> {
    let longest = 60_000 * 4_u32.pow(u32::try_from(attempts - 1).unwrap_or(0).min(3));
    let random = u64::from(crate::random::bytes::<4>().map(u32::from_le_bytes)?);
    let milliseconds = u64::from(longest) * random / u64::from(u32::MAX);
    Ok(TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap_or(0)))
}
