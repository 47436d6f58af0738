//! What a function's process holds: settings, the pool, and just those clients that its work needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lambda_http::BoxFuture;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::config::{self, Settings, needed};
use crate::db::{CallConnection, Database};
use crate::error::{Error, Result};
use crate::identity::Caller;
use crate::identity::keys::{Signing, VerificationKeys};
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::media::storage::Storage;
use crate::queue::{Queue, Queues};
use crate::redis::Redis;
use crate::transaction::{Context, Read, Write};

pub struct App {
    pub settings: Settings,
    pub clock: Clock,
    pub limits: Limits,
    pub(crate) keys: VerificationKeys,
    cache: Option<Cache>,
    database: Option<Database>,
    reader: Option<Database>,
    signing: Option<Signing>,
    storage: Option<Storage>,
    mailer: Option<Mailer>,
    mail_queue: Option<Queue>,
    progress_queue: Option<Queue>,
    jobs_queue: Option<Queue>,
    called: AtomicBool,
}

type Build<T> = fn(&Settings) -> BoxFuture<'_, Result<T>>;

/// What a function needs. Each part is named by the function that builds it, so that a binary links only what
/// its operation reaches.
#[derive(Clone, Copy, Default)]
pub struct Needs {
    database: Option<Build<Database>>,
    reader: Option<Build<Option<Database>>>,
    signing: Option<Build<Signing>>,
    storage: Option<Build<Storage>>,
    mailer: Option<Build<Mailer>>,
    mail_queue: Option<Build<Option<Queue>>>,
    progress_queue: Option<Build<Option<Queue>>>,
    jobs_queue: Option<Build<Option<Queue>>>,
}

impl Needs {
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            database: None,
            reader: None,
            signing: None,
            storage: None,
            mailer: None,
            mail_queue: None,
            progress_queue: None,
            jobs_queue: None,
        }
    }

    #[must_use]
    pub const fn database() -> Self {
        Self { database: Some(|settings| Box::pin(async { Database::new(settings) })), ..Self::nothing() }
    }

    /// The replica, where there is one.
    #[must_use]
    pub const fn and_reader(self) -> Self {
        Self { reader: Some(|settings| Box::pin(async { Database::reader(settings) })), ..self }
    }

    #[must_use]
    pub const fn and_signing_key(self) -> Self {
        Self { signing: Some(|settings| Box::pin(async { signing(settings) })), ..self }
    }

    #[must_use]
    pub const fn and_storage(self) -> Self {
        Self { storage: Some(|settings| Box::pin(Storage::new(settings))), ..self }
    }

    #[must_use]
    pub const fn and_mailer(self) -> Self {
        Self { mailer: Some(|settings| Box::pin(async { Mailer::new(settings) })), ..self }
    }

    /// The queue that wakes `deliver-mail`. Without one, its schedule finds what is due.
    #[must_use]
    pub const fn and_mail_queue(self) -> Self {
        Self { mail_queue: Some(|settings| Box::pin(mail_queue(settings))), ..self }
    }

    /// The queue that wakes `recompute-progress`. Without one, its schedule finds which courses wait.
    #[must_use]
    pub const fn and_progress_queue(self) -> Self {
        Self { progress_queue: Some(|settings| Box::pin(progress_queue(settings))), ..self }
    }

    /// The queue that wakes `run-jobs`. Without one, its schedule finds which jobs are due.
    #[must_use]
    pub const fn and_jobs_queue(self) -> Self {
        Self { jobs_queue: Some(|settings| Box::pin(jobs_queue(settings))), ..self }
    }

    /// Everything, for one process that runs all functions.
    #[must_use]
    pub const fn everything() -> Self {
        Self::database()
            .and_reader()
            .and_signing_key()
            .and_storage()
            .and_mailer()
            .and_mail_queue()
            .and_progress_queue()
            .and_jobs_queue()
    }
}

impl App {
    /// Builds what is needed, side by side. Nothing connects yet.
    ///
    /// # Errors
    /// When a needed setting is missing or makes no sense, or Secrets Manager doesn't answer.
    pub async fn start(settings: Settings, needs: Needs) -> Result<Self> {
        let (database, reader, signing, storage, mailer, mail_queue, progress_queue, jobs_queue) = tokio::try_join!(
            build(needs.database, &settings),
            build(needs.reader, &settings),
            build(needs.signing, &settings),
            build(needs.storage, &settings),
            build(needs.mailer, &settings),
            build(needs.mail_queue, &settings),
            build(needs.progress_queue, &settings),
            build(needs.jobs_queue, &settings),
        )?;
        let redis = settings.redis_url.as_deref().map(Redis::new).transpose()?.map(Arc::new);
        Ok(Self {
            clock: Clock::default(),
            cache: redis.clone().map(Cache::new),
            limits: Limits::new(settings.rates.clone(), redis),
            keys: VerificationKeys::default(),
            database,
            reader: reader.flatten(),
            signing,
            storage,
            mailer,
            mail_queue: mail_queue.flatten(),
            progress_queue: progress_queue.flatten(),
            jobs_queue: jobs_queue.flatten(),
            settings,
            called: AtomicBool::new(false),
        })
    }

    /// Whether this is the first event of the process: one that waited for its start.
    pub(crate) fn is_cold(&self) -> bool {
        !self.called.swap(true, Ordering::Relaxed)
    }

    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    #[must_use]
    pub fn with_mail_queue(self, queue: Queue) -> Self {
        Self { mail_queue: Some(queue), ..self }
    }

    #[must_use]
    pub fn with_progress_queue(self, queue: Queue) -> Self {
        Self { progress_queue: Some(queue), ..self }
    }

    #[must_use]
    pub fn with_jobs_queue(self, queue: Queue) -> Self {
        Self { jobs_queue: Some(queue), ..self }
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    fn database(&self) -> Result<&Database> {
        self.database.as_ref().ok_or_else(|| Error::internal("this function has no database"))
    }

    pub(crate) async fn read(&self, context: Context) -> Result<Read> {
        Read::open(self.database()?, context).await
    }

    /// A read by the replica; none where there is no replica.
    pub(crate) async fn read_from_replica(&self, context: Context) -> Option<Result<Read>> {
        match &self.reader {
            Some(reader) => Some(Read::open_elsewhere(reader, context).await),
            None => None,
        }
    }

    pub(crate) async fn write(&self, context: Context) -> Result<Write> {
        Write::begin(self.database()?, context, self.queues(), self.clock.clone(), self.cache.clone()).await
    }

    pub(crate) fn queues(&self) -> Queues {
        Queues { mail: self.mail_queue.clone(), progress: self.progress_queue.clone(), jobs: self.jobs_queue.clone() }
    }

    /// A read by the system itself, for functions that no person calls.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn read_as_system(&self) -> Result<Read> {
        self.read(self.system()).await
    }

    /// A write by the system itself, for functions that no person calls.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn write_as_system(&self) -> Result<Write> {
        self.write(self.system()).await
    }

    fn system(&self) -> Context {
        Context {
            caller: Caller::System,
            now: self.clock.now(),
            address: None,
            user_agent: None,
            connection: CallConnection::default(),
        }
    }

    /// # Errors
    /// When the function was not given the key.
    pub fn signing(&self) -> Result<&Signing> {
        self.signing.as_ref().ok_or_else(|| Error::internal("this function can't sign"))
    }

    /// The queue that wakes `deliver-mail`, if there is one.
    #[must_use]
    pub fn mail_queue(&self) -> Option<&Queue> {
        self.mail_queue.as_ref()
    }

    /// # Errors
    /// When the function was not given S3.
    pub fn storage(&self) -> Result<&Storage> {
        self.storage.as_ref().ok_or_else(|| Error::internal("this function has no S3"))
    }

    /// # Errors
    /// When the function was not given a mail server.
    pub fn mailer(&self) -> Result<&Mailer> {
        self.mailer.as_ref().ok_or_else(|| Error::internal("this function sends no mail"))
    }
}

async fn build<T>(need: Option<Build<T>>, settings: &Settings) -> Result<Option<T>> {
    match need {
        Some(build) => build(settings).await.map(Some),
        None => Ok(None),
    }
}

/// Where the key is; what is there is read with the first signature.
fn signing(settings: &Settings) -> Result<Signing> {
    let source = settings.signing_key.clone();
    source.map(Signing::new).ok_or_else(|| Error::internal("SIGNING_KEY_FILE or SIGNING_KEY_SECRET is not set"))
}

async fn mail_queue(settings: &Settings) -> Result<Option<Queue>> {
    let Ok(url) = needed(settings.mail_queue_url.as_ref(), "MAIL_QUEUE_URL") else {
        return Ok(None);
    };
    Ok(Some(Queue::sqs(&config::aws().await, url)))
}

async fn progress_queue(settings: &Settings) -> Result<Option<Queue>> {
    match &settings.progress_queue_url {
        Some(url) => Ok(Some(Queue::sqs(&config::aws().await, url))),
        None => Ok(None),
    }
}

async fn jobs_queue(settings: &Settings) -> Result<Option<Queue>> {
    match &settings.jobs_queue_url {
        Some(url) => Ok(Some(Queue::sqs(&config::aws().await, url))),
        None => Ok(None),
    }
}
