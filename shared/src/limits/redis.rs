//! Limits in Redis. Each count is a script, which Redis runs atomically. Functions return `None` if Redis is unavailable.
//!
//! Each command has one key, because a cluster (such as `ElastiCache` Serverless) refuses keys of several slots. Several
//! keys are sent as a pipeline, which is also one round trip.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use redis::Script;

use super::{Backoff, Bucket, FAILURES_KEPT};
use crate::redis::Redis;

/// Stores when the bucket will be full again. Returns the time to wait in milliseconds, or 0.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now, interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
         local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
         if full > now + capacity then return full - now - capacity end
         redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil(full - now))
         return 0",
    )
});

/// Stores the failures and the time of the next allowed attempt. Returns the time to wait in milliseconds, or 0.
static ATTEMPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now, memory, free = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
         local state = redis.call('HMGET', KEYS[1], 'failures', 'until')
         local allowed = tonumber(state[2] or '0')
         if allowed > now then return allowed - now end
         local failures = tonumber(state[1] or '0') + 1
         local delay = 0
         if failures >= free then delay = math.min(tonumber(ARGV[4]) * 2 ^ (failures - free), tonumber(ARGV[5])) end
         redis.call('HSET', KEYS[1], 'failures', failures, 'until', string.format('%.0f', now + delay))
         redis.call('PEXPIRE', KEYS[1], memory)
         return 0",
    )
});

/// Returns the waiting time of each key, without counting.
pub(super) async fn waiting(redis: &Redis, keys: &[String], now: DateTime<Utc>) -> Option<Vec<TimeDelta>> {
    let until = redis.ask(|mut connection| async move {
        let mut calls = redis::pipe();
        for key in keys {
            calls.hget(key, "until");
        }
        calls.query_async::<Vec<Option<i64>>>(&mut connection).await
    });
    let wait = |until: Option<i64>| TimeDelta::milliseconds((until.unwrap_or(0) - now.timestamp_millis()).max(0));
    Some(until.await?.into_iter().map(wait).collect())
}

/// Takes one from the bucket. Returns `Some(Some(time))` if the bucket is empty.
pub(super) async fn take(redis: &Redis, key: &str, bucket: &Bucket, now: DateTime<Utc>) -> Option<Option<TimeDelta>> {
    let capacity = bucket.capacity();
    let wait = redis.ask(|mut connection| async move {
        let mut call = TAKE.prepare_invoke();
        call.key(key).arg(now.timestamp_millis());
        call.arg(bucket.interval.num_milliseconds()).arg(capacity.num_milliseconds());
        call.invoke_async::<i64>(&mut connection).await
    });
    wait.await.map(positive)
}

/// Counts one failure. Returns `Some(Some(time))`, without counting, if the next attempt is not allowed yet.
pub(super) async fn attempt(
    redis: &Redis,
    key: &str,
    backoff: &Backoff,
    now: DateTime<Utc>,
) -> Option<Option<TimeDelta>> {
    let wait = redis.ask(|mut connection| async move {
        let mut call = ATTEMPT.prepare_invoke();
        call.key(key).arg(now.timestamp_millis()).arg(FAILURES_KEPT.num_milliseconds()).arg(backoff.free_failures);
        call.arg(backoff.first.num_milliseconds()).arg(backoff.max.num_milliseconds());
        call.invoke_async::<i64>(&mut connection).await
    });
    wait.await.map(positive)
}

/// Deletes these counts.
pub(super) async fn forget(redis: &Redis, keys: &[String]) {
    let calls = redis.ask(|mut connection| async move {
        let mut calls = redis::pipe();
        for key in keys {
            calls.del(key);
        }
        calls.query_async::<Vec<i64>>(&mut connection).await
    });
    calls.await;
}

fn positive(milliseconds: i64) -> Option<TimeDelta> {
    (milliseconds > 0).then(|| TimeDelta::milliseconds(milliseconds))
}
