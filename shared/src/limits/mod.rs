//! Limits on whatever takes a secret or sends a mail (`security.md`, 2): how often an address may call, how often a
//! secret may be guessed, how many mails somebody gets. They are counted in Redis where there is one, else, and
//! whenever it is away, in Postgres: the memory of one Lambda is no limit, and nothing opens when Redis goes.
//!
//! A key holds the hash of what it counts, so that no store of limits is a list of people.

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

/// How much is allowed; each is a setting (`LIMIT_…`).
#[derive(Debug, Clone)]
pub struct Rates {
    /// Calls of one route from one address in a minute.
    pub calls_per_minute: i32,
    /// Wrong guesses of one identifier from one address before the next has to wait.
    pub failures: i32,
    /// The same from all addresses together, but for those that the account signed in from.
    pub failures_per_identifier: i32,
    /// The first wait, which doubles with each further failure.
    pub first_delay: TimeDelta,
    /// The longest wait.
    pub longest_delay: TimeDelta,
    /// Mails that one recipient may be sent at once.
    pub mails: i32,
    /// Mails that one recipient may be sent for each hour after that.
    pub mails_per_hour: i32,
}

/// How long failures are remembered after the last one.
const FAILURES_KEPT: TimeDelta = TimeDelta::hours(24);

/// A token bucket, as its equal, the generic cell rate algorithm: full, it lets `size` through at once, and one more
/// each `interval`.
struct Bucket {
    size: i32,
    interval: TimeDelta,
}

impl Bucket {
    /// Lets `size` through at once, and `count` more in each `period`. In whole microseconds, as Postgres keeps them,
    /// whatever the settings divide by.
    fn new(size: i32, period: TimeDelta, count: i32) -> Self {
        let interval = period.num_microseconds().unwrap_or(i64::MAX) / i64::from(count.max(1));
        Self { size, interval: TimeDelta::microseconds(interval) }
    }

    fn capacity(&self) -> TimeDelta {
        self.interval * self.size
    }
}

/// Which mails to one recipient are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// All mails but those that a person asks for to choose a new password.
    General,
    /// Links to a new password. They are the way back in for an owner who is kept out, so that no registration by a
    /// stranger may use them up.
    PasswordLink,
}

/// A count of failures that makes the next attempt wait.
struct Backoff {
    /// So many are free.
    free_failures: i32,
    first: TimeDelta,
    max: TimeDelta,
}

/// Somebody's attempt at a secret.
#[derive(Debug)]
pub struct Guess {
    keys: Vec<String>,
}

pub struct Limits {
    rates: Rates,
    redis: Option<Arc<Redis>>,
}

impl Limits {
    pub(crate) fn new(rates: Rates, redis: Option<Arc<Redis>>) -> Self {
        Self { rates, redis }
    }

    /// Counts a call of that route by the caller's address.
    ///
    /// # Errors
    /// 429 when there were too many in the last minute.
    pub(crate) async fn call(&self, read: &mut Read, route: &str) -> Result<()> {
        let size = self.rates.calls_per_minute;
        let bucket = Bucket::new(size, TimeDelta::minutes(1), size);
        let key = key("call", &[route, &network(read)]);
        match self.take(read, &key, &bucket).await? {
            None => Ok(()),
            Some(wait) => Err(Error::too_many("Too many calls from your address.", wait)),
        }
    }

    /// Counts a mail to that address, and returns whether it may be sent. The caller's answer is the same either way.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn mail(&self, read: &mut Read, budget: Budget, email: &Email) -> Result<bool> {
        let bucket = Bucket::new(self.rates.mails, TimeDelta::hours(1), self.rates.mails_per_hour);
        let kind = match budget {
            Budget::General => "mail",
            Budget::PasswordLink => "mail-to-reset",
        };
        Ok(self.take(read, &key(kind, &[email.as_str()]), &bucket).await?.is_none())
    }

    /// Counts a registration of that address, and returns whether its mail may be sent. Beside the general budget there is
    /// one mail a day that only registrations spend: strangers who ask for mails keep no new owner of an address waiting.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn registration_mail(&self, read: &mut Read, email: &Email) -> Result<bool> {
        let reserve = Bucket::new(1, TimeDelta::days(1), 1);
        let is_first = self.take(read, &key("mail-to-register", &[email.as_str()]), &reserve).await?.is_none();
        Ok(self.mail(read, Budget::General, email).await? || is_first)
    }

    /// Counts an attempt at the secret of the account that `identifier` names, whether or not there is one. The email and
    /// the username of one account are never merged, which would link them. The attempt counts as a failure until
    /// [`Limits::guessed`] is called, so that a hundred at once are counted as well. From an address that is `known` to
    /// the account, attempts from other addresses don't count: a flood keeps no owner out.
    ///
    /// # Errors
    /// 429 with the time to wait, whether or not the secret is right.
    pub async fn guess(&self, read: &mut Read, identifier: &Identifier, known: bool) -> Result<Guess> {
        let mut keys = vec![key("guess", &[identifier.as_str(), &network(read)])];
        let mut free = vec![self.rates.failures];
        if !known {
            keys.push(key_of_all_addresses(identifier));
            free.push(self.rates.failures_per_identifier);
        }
        // Before anything is counted: what is refused is no failure, and the wait that is told is the longest.
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

    /// The guess was right: its failures are forgotten.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn guessed(&self, read: &mut Read, guess: &Guess) -> Result<()> {
        self.forget(read, &guess.keys).await
    }

    /// Lets the owner of these identifiers in again, whatever others tried (a password reset does).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lift(&self, read: &mut Read, identifiers: &[Identifier]) -> Result<()> {
        let mut keys = Vec::new();
        for identifier in identifiers {
            keys.push(key_of_all_addresses(identifier));
            keys.push(key("guess", &[identifier.as_str(), &network(read)]));
        }
        self.forget(read, &keys).await
    }

    /// Takes one from the bucket; else tells how long to wait.
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

    /// The longest wait of these counts of failures. What Redis says is noted in Postgres: whoever has to wait still has
    /// to when Redis goes.
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

    /// Counts one more failure; else tells how long to wait.
    async fn attempt(&self, read: &mut Read, key: &str, backoff: &Backoff) -> Result<Option<TimeDelta>> {
        if let Some(redis) = &self.redis
            && let Some(wait) = redis::attempt(redis, key, backoff, read.now()).await
        {
            return Ok(wait);
        }
        postgres::attempt(read, key, backoff).await
    }

    /// From both stores: Redis may have been away when the failures were counted.
    async fn forget(&self, read: &mut Read, keys: &[String]) -> Result<()> {
        if let Some(redis) = &self.redis {
            redis::forget(redis, keys).await;
        }
        postgres::forget(read, keys).await
    }
}

/// The key of the attempts at one identifier from all addresses together.
fn key_of_all_addresses(identifier: &Identifier) -> String {
    key("guess", &[identifier.as_str()])
}

fn key(kind: &str, parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0").as_bytes());
    format!("{kind}:{}", hex::encode(digest.get(..16).unwrap_or_default()))
}

/// The caller's address; of IPv6 its network, since whoever has one address there has 2^64. Empty when it is unknown.
pub(crate) fn network(read: &Read) -> String {
    let address = read.context().address.as_deref().unwrap_or_default();
    match address.parse().map(|address: IpAddr| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(), // one that was mapped into IPv6, too
        Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).to_string(),
        Err(_) => address.to_owned(),
    }
}
