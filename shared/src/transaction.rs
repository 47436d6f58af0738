//! The two ways to the database that a handler is given, each with its caller: a [`Read`] and a
//! [`Write`]. Their constructors belong to the frame; there is no other way to a connection.
//!
//! Every write takes its locks in the order that `docs/locks.md` writes down. Read it before you lock a row, add a trigger that
//! writes, or write to two tables.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::audit::{self, Audit, Changes};
use crate::cache::{self, Cache};
use crate::clock::Clock;
use crate::db::{CallConnection, Database, PooledConnection, StatementExecutor, StatementMode};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::identity::Caller;
use crate::jobs::Kind;
use crate::queue::Queues;

/// Who does something, from where and when.
#[derive(Debug, Clone)]
pub struct Context {
    pub caller: Caller,
    pub now: DateTime<Utc>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub(crate) connection: CallConnection,
}

/// Reads, without a transaction: one statement, one round trip.
pub struct Read {
    connection: PooledConnection,
    mode: StatementMode,
    context: Context,
}

impl Read {
    pub(crate) async fn open(database: &Database, context: Context) -> Result<Self> {
        let connection = context.connection.acquire(database, context.now).await?;
        Ok(Self { connection, mode: database.mode(), context })
    }

    /// A read by another database than that of the call.
    pub(crate) async fn open_elsewhere(database: &Database, context: Context) -> Result<Self> {
        let connection = CallConnection::default().acquire(database, context.now).await?;
        Ok(Self { connection, mode: database.mode(), context })
    }

    /// What a statement is run by.
    pub(crate) fn connection(&mut self) -> StatementExecutor<'_> {
        let in_transaction = self.connection.in_transaction();
        StatementExecutor::new(&mut self.connection, self.mode, in_transaction)
    }

    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.context.caller
    }

    /// The signed-in caller's id.
    ///
    /// # Errors
    /// 401 for anyone else.
    pub fn user(&self) -> Result<UserId> {
        self.context.caller.user_id().ok_or_else(|| Error::unauthorized("Sign in first."))
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.context.now
    }

    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }
}

/// Reads and writes in one short transaction. It can't be committed without saying what it did;
/// dropped, it is rolled back.
pub struct Write {
    read: Read,
    queues: Queues,
    clock: Clock,
    cache: Option<Cache>,
    /// Whether it changes what the cache holds.
    raise: bool,
    /// Whether the outbox got a row, so that its reader is to be woken.
    wake_mail: bool,
    /// Whether a course's progress is to be recomputed.
    wake_progress: bool,
    /// The jobs that were enqueued: kinds, and when they are due.
    enqueued: Vec<(Kind, DateTime<Utc>)>,
    /// Where it waits for its last word, if not the handler but the frame has it.
    put_off: Option<Waiting>,
}

/// Where a write waits that the frame commits: with the answer of a call that may come again.
pub(crate) type Waiting = Arc<Mutex<Option<Write>>>;

impl std::ops::Deref for Write {
    type Target = Read;

    fn deref(&self) -> &Read {
        &self.read
    }
}

impl std::ops::DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Read {
        &mut self.read
    }
}

impl Write {
    pub(crate) async fn begin(
        database: &Database,
        context: Context,
        queues: Queues,
        clock: Clock,
        cache: Option<Cache>,
    ) -> Result<Self> {
        let mut read = Read::open(database, context).await?;
        read.connection.begin().await?;
        Ok(Self {
            read,
            queues,
            clock,
            cache,
            raise: false,
            wake_mail: false,
            wake_progress: false,
            enqueued: Vec::new(),
            put_off: None,
        })
    }

    pub(crate) fn wake_outbox(&mut self) {
        self.wake_mail = true;
    }

    pub(crate) fn wake_progress(&mut self) {
        self.wake_progress = true;
    }

    /// Invalidates the cached reads of the catalogue after the commit.
    pub(crate) fn invalidate_cache(&mut self) {
        self.raise = true;
    }

    /// Notes that a job of this kind was enqueued, so that the function that runs it is woken after the commit.
    pub(crate) fn wake(&mut self, kind: Kind, due_at: DateTime<Utc>) {
        self.enqueued.push((kind, due_at));
    }

    /// Commits with what was done, as rows of the audit log.
    ///
    /// # Errors
    /// Those of the database; nothing is written then.
    pub async fn commit(mut self, done: Audit) -> Result<()> {
        let requested = audit::record(&mut self.read, &done).await?;
        self.wake_requested(requested.as_deref());
        self.raise |= cache::changes_catalog(&done);
        self.finish().await
    }

    /// Commits what was done to many, each with a row of its own. Without any, nothing was changed after all.
    ///
    /// # Errors
    /// Those of the database; nothing is written then.
    pub async fn commit_each(mut self, done: &[Audit]) -> Result<()> {
        let requested = audit::record_each(&mut self.read, done).await?;
        self.wake_requested(requested.as_deref());
        self.finish().await
    }

    /// Commits an edit with what it changed; one that changed nothing leaves no row.
    ///
    /// # Errors
    /// Those of the database; nothing is written then.
    pub async fn commit_changes(self, done: Audit, changed: Changes) -> Result<()> {
        if changed.is_empty() {
            return self.commit_unaudited("nothing was changed after all").await;
        }
        self.commit(done.changed(changed)).await
    }

    /// Commits without a row of the audit log: for what nobody did, or what was not changed after all. The
    /// reason is for the reader.
    ///
    /// # Errors
    /// Those of the database; nothing is written then.
    pub async fn commit_unaudited(self, _reason: &'static str) -> Result<()> {
        self.finish().await
    }

    /// Leaves its end to whoever looks there: what the handler takes for the commit only puts it there.
    pub(crate) fn put_off(&mut self, place: &Waiting) {
        self.put_off = Some(place.clone());
    }

    async fn finish(mut self) -> Result<()> {
        match self.put_off.take() {
            Some(place) => {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(self);
                Ok(())
            }
            None => self.end().await,
        }
    }

    /// Ends it without a trace, now: dropped, it would be rolled back a moment later.
    pub(crate) async fn roll_back(mut self) -> Result<()> {
        self.read.connection.roll_back().await
    }

    /// The commit itself, and what follows it.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.read.connection.commit().await?;
        if self.raise
            && let Some(cache) = self.cache
        {
            cache.invalidate().await;
        }
        for (wake, queue) in [(self.wake_mail, &self.queues.mail), (self.wake_progress, &self.queues.progress)] {
            if wake && let Some(queue) = queue {
                queue.wake().await;
            }
        }
        for (kind, due_at) in self.enqueued {
            if let Some(queue) = self.queues.of(kind.run_by) {
                let now = self.clock.now();
                queue.wake_at(due_at.max(now + kind.wake_after), now).await;
            }
        }
        Ok(())
    }
}
