//! Rate limits on calls that take a secret or send a mail (`docs/security.md`, 2): calls per address, guesses per account, and
//! mails per recipient. They are counted in Redis if it is configured, and in Postgres otherwise and whenever Redis is
//! unavailable, so that a failure of Redis does not remove the limits.
//!
//! Keys contain hashes, so that the stored limits are not a list of people.

mod postgres;
mod redis;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::identity::{Email, Identifier};
use crate::redis::Redis;
use crate::transaction::Read;

/// The configured limits (settings `LIMIT_…`).
#[derive(Debug, Clone)]
pub struct Rates {
    /// Calls of a route per address and minute.
    pub calls_per_minute: i32,
    /// Wrong guesses for an identifier from one address before the next one has to wait.
    pub failures: i32,
    /// The same for all addresses together, without those from which the account has signed in before.
    pub failures_per_identifier: i32,
    /// The first waiting time. It doubles with each further failure.
    pub first_delay: TimeDelta,
    /// The longest waiting time.
    pub longest_delay: TimeDelta,
    /// Mails to one recipient at once.
    pub mails: i32,
    /// Further mails to one recipient per hour.
    pub mails_per_hour: i32,
}

/// How long failures are stored after the last one.
const FAILURES_KEPT: TimeDelta = TimeDelta::hours(24);

/// A token bucket (implemented as the generic cell rate algorithm): allows `size` at once, and one more per `interval`.
struct Bucket {
    size: i32,
    interval: TimeDelta,
}

impl Bucket {
    /// Allows `size` at once, and `count` more per `period`. The interval is rounded to microseconds, the precision of
    /// Postgres.
    fn new(size: i32, period: TimeDelta, count: i32) -> Self {
        let interval = period.num_microseconds().unwrap_or(i64::MAX) / i64::from(count.max(1));
        Self { size, interval: TimeDelta::microseconds(interval) }
    }

    fn capacity(&self) -> TimeDelta {
        self.interval * self.size
    }
}

/// The mails to one recipient that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// All mails except links to a new password.
    General,
    /// Links to a new password. They are counted separately, so that registrations by strangers can't keep an owner from
    /// receiving one.
    PasswordLink,
}

/// Rules for the waiting time after failures.
struct Backoff {
    /// Failures without a waiting time.
    free_failures: i32,
    first: TimeDelta,
    max: TimeDelta,
}

/// A counted attempt at a secret.
#[derive(Debug)]
pub struct Guess {
    keys: Vec<String>,
}

/// Counts calls, guesses and mails, and refuses those above the limits.
pub struct Limits {
    rates: Rates,
    redis: Option<Arc<Redis>>,
}

impl Limits {
    pub(crate) fn new(rates: Rates, redis: Option<Arc<Redis>>) -> Self {
        Self { rates, redis }
    }

    /// Counts a call of a route by the caller's address.
    ///
    /// # Errors
    /// Fails with 429 after too many calls in the last minute.
    pub(crate) async fn call(&self, read: &mut Read, route: &str) -> Result<()> {
        let size = self.rates.calls_per_minute;
        let bucket = Bucket::new(size, TimeDelta::minutes(1), size);
        let key = key("call", &[route, &network(read)]);
        match self.take(read, &key, &bucket).await? {
            None => Ok(()),
            Some(wait) => Err(Error::too_many("Too many calls from your address.", wait)),
        }
    }

    /// Counts a mail to an address, and returns whether it may be sent. Callers must answer the same in both cases.
    ///
    /// # Errors
    /// Fails with 503 when the database is unavailable.
    pub async fn mail(&self, read: &mut Read, budget: Budget, email: &Email) -> Result<bool> {
        let bucket = Bucket::new(self.rates.mails, TimeDelta::hours(1), self.rates.mails_per_hour);
        let kind = match budget {
            Budget::General => "mail",
            Budget::PasswordLink => "mail-to-reset",
        };
        Ok(self.take(read, &key(kind, &[email.as_str()]), &bucket).await?.is_none())
    }

    /// Counts a registration of an address, and returns whether its mail may be sent. In addition to the general budget,
    /// one mail per day is reserved for registrations, so that strangers can't use up the mails of a new owner.
    ///
    /// # Errors
    /// Fails with 503 when the database is unavailable.
    pub async fn registration_mail(&self, read: &mut Read, email: &Email) -> Result<bool> {
        let reserve = Bucket::new(1, TimeDelta::days(1), 1);
        let is_first = self.take(read, &key("mail-to-register", &[email.as_str()]), &reserve).await?.is_none();
        Ok(self.mail(read, Budget::General, email).await? || is_first)
    }

    /// Counts an attempt at the secret of an account, whether or not the account exists. The email and the username of an
    /// account are counted separately, because a common count would reveal that they belong together. The attempt counts
    /// as a failure until [`Limits::guessed`] is called, so that many attempts at the same time are all counted. From an
    /// address that is `known` to the account, attempts from other addresses don't count, so that an attack can't lock out
    /// the owner.
    ///
    /// # Errors
    /// Fails with 429 and the time to wait, whether or not the secret is right.
    pub async fn guess(&self, read: &mut Read, identifier: &Identifier, known: bool) -> Result<Guess> {
        let mut keys = vec![key("guess", &[identifier.as_str(), &network(read)])];
        let mut free = vec![self.rates.failures];
        if !known {
            keys.push(key_of_all_addresses(identifier));
            free.push(self.rates.failures_per_identifier);
        }
        // Checked before counting: a refused attempt is not a failure, and the longest waiting time is reported.
        if let Some(wait) = self.waiting(read, &keys, &free).await? {
            return Err(Error::too_many("Too many wrong attempts.", wait));
        }
        for (key, free) in keys.iter().zip(free) {
            let backoff = Backoff { free_failures: free, first: self.rates.first_delay, max: self.rates.longest_delay };
            if let Some(wait) = self.attempt(read, key, &backoff).await? {
                return Err(Error::too_many("Too many wrong attempts.", wait));
            }
        }
        Ok(Guess { keys })
    }

    /// Deletes the failures of a guess that was right.
    ///
    /// # Errors
    /// Fails when the database is unavailable.
    pub async fn guessed(&self, read: &mut Read, guess: &Guess) -> Result<()> {
        self.forget(read, &guess.keys).await
    }

    /// Deletes the failures of these identifiers, so that their owner can sign in again. Used after a password reset.
    ///
    /// # Errors
    /// Fails when the database is unavailable.
    pub async fn lift(&self, read: &mut Read, identifiers: &[Identifier]) -> Result<()> {
        let mut keys = Vec::new();
        for identifier in identifiers {
            keys.push(key_of_all_addresses(identifier));
            keys.push(key("guess", &[identifier.as_str(), &network(read)]));
        }
        self.forget(read, &keys).await
    }

    /// Takes one from the bucket. Returns the time to wait if the bucket is empty.
    async fn take(&self, read: &mut Read, key: &str, bucket: &Bucket) -> Result<Option<TimeDelta>> {
        if let Some(redis) = &self.redis
            && let Some(wait) = redis::take(redis, key, bucket, read.now()).await
        {
            if let Some(wait) = wait {
                let full = read.now() + wait - bucket.interval + bucket.capacity();
                postgres::remember(read, key, 0, full, full).await?;
            }
            return Ok(wait);
        }
        postgres::take(read, key, bucket).await
    }

    /// Returns the longest waiting time of these counts of failures. Copies waiting times from Redis to Postgres, so that
    /// they remain in force if Redis fails.
    async fn waiting(&self, read: &mut Read, keys: &[String], free: &[i32]) -> Result<Option<TimeDelta>> {
        let now = read.now();
        let Some(redis) = &self.redis else { return postgres::waiting(read, keys).await };
        let Some(waits) = redis::waiting(redis, keys, now).await else {
            return postgres::waiting(read, keys).await;
        };
        for ((key, free), wait) in keys.iter().zip(free).zip(&waits) {
            if *wait > TimeDelta::zero() {
                postgres::remember(read, key, *free, now + *wait, now + FAILURES_KEPT).await?;
            }
        }
        Ok(waits.into_iter().max().filter(|wait| *wait > TimeDelta::zero()))
    }

    /// Counts one failure. Returns the time to wait, without counting, if the next attempt is not allowed yet.
    async fn attempt(&self, read: &mut Read, key: &str, backoff: &Backoff) -> Result<Option<TimeDelta>> {
        if let Some(redis) = &self.redis
            && let Some(wait) = redis::attempt(redis, key, backoff, read.now()).await
        {
            return Ok(wait);
        }
        postgres::attempt(read, key, backoff).await
    }

    /// Deletes counts in both stores: Redis may have been unavailable when they were made.
    async fn forget(&self, read: &mut Read, keys: &[String]) -> Result<()> {
        if let Some(redis) = &self.redis {
            redis::forget(redis, keys).await;
        }
        postgres::forget(read, keys).await
    }
}

/// Returns the key of the attempts at an identifier from all addresses together.
fn key_of_all_addresses(identifier: &Identifier) -> String {
    key("guess", &[identifier.as_str()])
}

fn key(kind: &str, parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0").as_bytes());
    format!("{kind}:{}", hex::encode(digest.get(..16).unwrap_or_default()))
}

/// Returns the caller's IPv4 address or IPv6 network (/64, since one client can use all of its addresses). Empty if the
/// address is unknown.
pub(crate) fn network(read: &Read) -> String {
    let address = read.context().address.as_deref().unwrap_or_default();
    match address.parse().map(|address: IpAddr| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(), // also an address that is mapped into IPv6
        Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).to_string(),
        Err(_) => address.to_owned(),
    }
}
