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

/// The caller of a request, its time, and where it came from.
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

    /// Opens a read of another database, such as the replica, by a connection of its own.
    pub(crate) async fn open_elsewhere(database: &Database, context: Context) -> Result<Self> {
        let connection = CallConnection::default().acquire(database, context.now).await?;
        Ok(Self { connection, mode: database.mode(), context })
    }

    /// Returns the executor for a statement.
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

/// Reads and writes in one short transaction. Each commit takes what was done, for the audit log. Dropping it rolls back.
pub struct Write {
    read: Read,
    queues: Queues,
    clock: Clock,
    cache: Option<Cache>,
    /// Whether cached reads of the catalogue are invalidated after the commit.
    invalidates_cache: bool,
    /// Whether `deliver-mail` is woken after the commit.
    wake_mail: bool,
    /// Whether `recompute-progress` is woken after the commit.
    wake_progress: bool,
    /// The jobs that were enqueued: kinds, and when they are due.
    enqueued: Vec<(Kind, DateTime<Utc>)>,
    /// Where to leave this write instead of committing it, when the dispatcher commits it.
    deferred_to: Option<DeferredWrite>,
}

/// Holds a write that the dispatcher commits, together with the stored answer of an idempotent call.
pub(crate) type DeferredWrite = Arc<Mutex<Option<Write>>>;

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
            invalidates_cache: false,
            wake_mail: false,
            wake_progress: false,
            enqueued: Vec::new(),
            deferred_to: None,
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
        self.invalidates_cache = true;
    }

    /// Notes that a job of this kind was enqueued, so that the function that runs it is woken after the commit.
    pub(crate) fn wake(&mut self, kind: Kind, due_at: DateTime<Utc>) {
        self.enqueued.push((kind, due_at));
    }

    /// Commits, with a row of the audit log.
    ///
    /// # Errors
    /// Fails when the database does. Nothing is written then.
    pub async fn commit(mut self, done: Audit) -> Result<()> {
        let requested = audit::record(&mut self.read, &done).await?;
        self.wake_requested(requested.as_deref());
        self.invalidates_cache |= cache::changes_catalog(&done);
        self.finish().await
    }

    /// Commits, with a row of the audit log for each object that was changed.
    ///
    /// # Errors
    /// Fails when the database does. Nothing is written then.
    pub async fn commit_each(mut self, done: &[Audit]) -> Result<()> {
        let requested = audit::record_each(&mut self.read, done).await?;
        self.wake_requested(requested.as_deref());
        self.finish().await
    }

    /// Commits an edit, with a row of the audit log unless it changed nothing.
    ///
    /// # Errors
    /// Fails when the database does. Nothing is written then.
    pub async fn commit_changes(self, done: Audit, changed: Changes) -> Result<()> {
        if changed.is_empty() {
            return self.commit_unaudited("nothing was changed after all").await;
        }
        self.commit(done.changed(changed)).await
    }

    /// Commits without a row of the audit log. `_reason` documents why the caller needs none.
    ///
    /// # Errors
    /// Fails when the database does. Nothing is written then.
    pub async fn commit_unaudited(self, _reason: &'static str) -> Result<()> {
        self.finish().await
    }

    /// Defers the commit to the dispatcher: the handler's commit only moves the write to this place.
    pub(crate) fn defer_commit(&mut self, place: &DeferredWrite) {
        self.deferred_to = Some(place.clone());
    }

    async fn finish(mut self) -> Result<()> {
        match self.deferred_to.take() {
            Some(place) => {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(self);
                Ok(())
            }
            None => self.end().await,
        }
    }

    /// Rolls back now. Dropping the write would do so a moment later.
    pub(crate) async fn roll_back(mut self) -> Result<()> {
        self.read.connection.roll_back().await
    }

    /// Commits, then invalidates the cache and wakes the functions that have work.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.read.connection.commit().await?;
        if self.invalidates_cache
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
