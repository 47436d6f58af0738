//! Limits in rows of Postgres. Each count is one statement, so that calls at the same time are all counted.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Backoff, Bucket, FAILURES_KEPT};
use crate::error::Result;
use crate::transaction::Read;

/// Takes one from the bucket. Returns the time to wait if the bucket is empty.
pub(super) async fn take(read: &mut Read, key: &str, bucket: &Bucket) -> Result<Option<TimeDelta>> {
    let now = read.now();
    let capacity = bucket.capacity();
    let taken = sqlx::query!(
        "INSERT INTO limits AS l (key, until, expires_at) VALUES ($1, $2::timestamptz + $3::interval, $2 + $3::interval)
         ON CONFLICT (key) DO UPDATE
           SET until = greatest(l.until, $2) + $3::interval, expires_at = greatest(l.until, $2) + $3::interval
           WHERE greatest(l.until, $2) + $3::interval <= $2 + $4::interval",
        key,
        now,
        interval(bucket.interval)?,
        interval(capacity)?,
    )
    .execute(read.connection())
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    Ok(Some(time_to_wait(read, key).await? + bucket.interval - capacity))
}

/// Counts one failure. Returns the time to wait, without counting, if the next attempt is not allowed yet.
pub(super) async fn attempt(read: &mut Read, key: &str, backoff: &Backoff) -> Result<Option<TimeDelta>> {
    let now = read.now();
    let counted = sqlx::query!(
        "INSERT INTO limits AS l (key, failures, until, expires_at) VALUES ($1, 1, $2, $2::timestamptz + $3::interval)
         ON CONFLICT (key) DO UPDATE
           SET (failures, until, expires_at) = (
             SELECT n, $2 + CASE WHEN n < $4 THEN interval '0'
                 ELSE least($5::interval * power(2, least(n - $4, 30)), $6::interval) END, $2 + $3::interval
             FROM (SELECT CASE WHEN l.expires_at <= $2 THEN 1 ELSE l.failures + 1 END) AS next (n))
           WHERE l.until <= $2",
        key,
        now,
        interval(FAILURES_KEPT)?,
        backoff.free_failures,
        interval(backoff.first)?,
        interval(backoff.max)?,
    )
    .execute(read.connection())
    .await?;
    if counted.rows_affected() == 1 {
        return Ok(None);
    }
    time_to_wait(read, key).await.map(Some)
}

/// Returns the longest waiting time of these counts of failures.
pub(super) async fn waiting(read: &mut Read, keys: &[String]) -> Result<Option<TimeDelta>> {
    let now = read.now();
    let until = sqlx::query_scalar!("SELECT max(until) FROM limits WHERE key = ANY($1)", keys)
        .fetch_one(read.connection())
        .await?;
    Ok(until.map(|until| until - now).filter(|wait| *wait > TimeDelta::zero()))
}

/// Stores a count of Redis, unless Postgres has a later one.
pub(super) async fn remember(
    read: &mut Read,
    key: &str,
    failures: i32,
    until: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO limits AS l (key, failures, until, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO UPDATE SET failures = greatest(l.failures, $2), until = $3, expires_at = $4
           WHERE l.until < $3",
        key,
        failures,
        until,
        expires_at,
    )
    .execute(read.connection())
    .await?;
    Ok(())
}

/// Deletes these counts.
pub(super) async fn forget(read: &mut Read, keys: &[String]) -> Result<()> {
    sqlx::query!("DELETE FROM limits WHERE key = ANY($1)", keys).execute(read.connection()).await?;
    Ok(())
}

/// Returns the time to wait for a key; zero if its row was just deleted.
async fn time_to_wait(read: &mut Read, key: &str) -> Result<TimeDelta> {
    let now = read.now();
    let until =
        sqlx::query_scalar!("SELECT until FROM limits WHERE key = $1", key).fetch_optional(read.connection()).await?;
    Ok(until.map_or(TimeDelta::zero(), |until| until - now))
}

fn interval(delta: TimeDelta) -> Result<sqlx::postgres::types::PgInterval> {
    delta.try_into().map_err(crate::Error::internal)
}
