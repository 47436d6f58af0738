//! The test harness: a separate Lyceum per test, and callers as values.
//!
//! ```ignore
//! let lyceum = Lyceum::new().await;
//! let student = lyceum.student().await;
//! let answer = student.post("/v1/courses/…/enrollments", json!({})).await;
//! answer.created();
//! ```

mod alone;
mod answer;
mod caller;
mod course;
mod database;
mod deployment;
mod event;
pub mod fault_proxy;
mod locks;
mod moto;
mod needs;
mod permitted;
mod process;
mod race;
mod random;
mod redis;
mod registering;
mod storage;
pub mod uploading;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use lyceum::app::{App, Needs};
use lyceum::clock::Clock;
use lyceum::config::Settings;
use lyceum::identity::keys::{self, SigningKey};
use lyceum::learning::check;
use lyceum::queue::{Message, Queue};
use lyceum::run::Running;
use lyceum_local::mailbox::{Mail, Mailbox};
use lyceum_local::storage::Storage;
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;

pub use alone::Alone;
pub use answer::Answer;
pub use caller::{Caller, PASSWORD};
pub use course::CourseInProgress;
pub use database::{DATABASES, Database, cluster, schema_of};
pub use deployment::Deployment;
pub use locks::Lock;
pub use moto::Moto;
pub(crate) use needs::{needs_postgres_program, needs_program};
pub use process::{Process, serve};
pub use race::{at_once, how_many};
pub use random::Random;
pub(crate) use redis::on_both_stores;
pub use redis::{RedisServer, Store};
pub use registering::{FIRST_PASSWORD, new_user};
pub use storage::BUCKET;

/// One signing key for all tests, because creating keys is slow.
pub static SIGNING_KEY: LazyLock<String> = LazyLock::new(|| keys::generate_pem().unwrap());

/// All functions in this process, with a separate database, mail server, S3 and clock.
pub struct Lyceum {
    pub clock: Clock,
    /// A pool of the database's owner, to check what the API doesn't show.
    pub database: PgPool,
    pub database_name: String,
    pub owner_url: String,
    application_url: String,
    /// What the functions share.
    pub app: Arc<App>,
    functions: HashMap<&'static str, Running>,
    routes: matchit::Router<HashMap<String, &'static str>>,
    mailbox: Mailbox,
    storage: Storage,
    /// How often `deliver-mail` was woken.
    wakes: Arc<AtomicU32>,
    /// How often `recompute-progress` was woken.
    progress_wakes: Arc<AtomicU32>,
    /// The messages to `run-jobs`, in the order in which they were sent.
    jobs_messages: Arc<Mutex<Vec<Message>>>,
    files: TempDir,
}

impl Lyceum {
    pub async fn new() -> Arc<Self> {
        Self::with(|_| None).await
    }

    /// Creates a Lyceum with changed settings.
    pub async fn with(setting: impl Fn(&str) -> Option<String>) -> Arc<Self> {
        Self::over(DATABASES.create().await, setting).await
    }

    /// Creates a Lyceum over an existing database.
    pub async fn over(database: Database, setting: impl Fn(&str) -> Option<String>) -> Arc<Self> {
        let files = tempfile::tempdir().unwrap();
        let key_file = files.path().join("signing-key.pem");
        std::fs::write(&key_file, SIGNING_KEY.as_bytes()).unwrap();
        let mailbox = Mailbox::start(&files.path().join("mail"), 0).await.unwrap();
        let storage = storage::start(files.path()).await;
        let settings = Settings::from(|name| {
            setting(name).or_else(|| match name {
                "DATABASE_URL" => Some(database.application_url.clone()),
                "DATABASE_MAX_CONNECTIONS" => Some("8".to_owned()),
                "SIGNING_KEY_FILE" => Some(key_file.display().to_string()),
                "FRONTEND_URL" => Some("https://school.test".to_owned()),
                "MAIL_FROM" => Some("Lyceum <mail@school.test>".to_owned()),
                "SMTP_URL" => Some(mailbox.url()),
                "MEDIA_BUCKET" => Some(BUCKET.to_owned()),
                "AWS_ENDPOINT_URL_S3" => Some(storage.endpoint()),
                "AWS_ACCESS_KEY_ID" => Some(storage::ACCESS_KEY.to_owned()),
                "AWS_SECRET_ACCESS_KEY" => Some(storage::SECRET_KEY.to_owned()),
                _ => None,
            })
        });
        let clock = Clock::fixed_at("2026-11-23T19:56:00Z".parse().unwrap());
        let app = App::start(settings.unwrap(), Needs::everything()).await.unwrap();
        let (wakes, progress_wakes) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let app = app.with_clock(clock.clone()).with_mail_queue(counting(&wakes));
        let jobs_messages = Arc::default();
        let app = app.with_progress_queue(counting(&progress_wakes)).with_jobs_queue(recording(&jobs_messages));
        let app = Arc::new(app);
        let key = SigningKey::from_pem(SIGNING_KEY.as_bytes()).unwrap();
        let is_replica: bool =
            sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&database.owner).await.unwrap();
        if !is_replica {
            key.publish_as_owner(&mut database.owner.acquire().await.unwrap()).await.unwrap();
        }

        let mut functions = HashMap::new();
        let mut table: HashMap<&str, HashMap<String, &str>> = HashMap::new();
        for function in lyceum_functions::ALL.iter() {
            functions.insert(function.name, Running::new(function, app.clone()).unwrap());
            for route in function.routes() {
                table.entry(route.path).or_default().insert(route.method.to_string(), function.name);
            }
        }
        let mut routes = matchit::Router::new();
        for (path, methods) in table {
            routes.insert(path.replace("{proxy+}", "{*proxy}"), methods).unwrap();
        }
        Arc::new(Self {
            clock,
            database: database.owner,
            database_name: database.name,
            owner_url: database.owner_url,
            application_url: database.application_url,
            app,
            functions,
            routes,
            mailbox,
            storage,
            wakes,
            progress_wakes,
            jobs_messages,
            files,
        })
    }

    /// Creates another Lyceum over the same database, with changed settings, like a second process.
    pub async fn beside(&self, setting: impl Fn(&str) -> Option<String>) -> Arc<Self> {
        let other = Self::over(DATABASES.known(&self.database_name).await, setting).await;
        other.clock.advance(self.clock.now() - other.clock.now());
        other
    }

    /// Sends an event to the function of its route, as API Gateway does.
    pub async fn send(&self, event: Value) -> Answer {
        let path = event["rawPath"].as_str().unwrap();
        let method = event["requestContext"]["http"]["method"].as_str().unwrap();
        let function = self.routes.at(path).ok().and_then(|found| found.value.get(method).copied());
        let answer = self.functions[function.unwrap_or("not-found")].invoke(event).await.unwrap();
        Answer::new(answer)
    }

    /// Invokes a function of a queue or a schedule.
    pub async fn run(&self, function: &str, event: Value) -> Value {
        self.functions[function].invoke(event).await.unwrap()
    }

    /// Invokes a function that may fail.
    pub async fn try_run(&self, function: &str, event: Value) -> Result<Value, lyceum::Error> {
        self.functions[function].invoke(event).await
    }

    /// Returns the environment for a function in a separate process over the same database.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.application_url.clone()),
            ("SIGNING_KEY_FILE", self.signing_key_file().display().to_string()),
            ("FRONTEND_URL", "https://school.test".to_owned()),
            ("MAIL_FROM", "Lyceum <mail@school.test>".to_owned()),
            ("SMTP_URL", self.mailbox.url()),
        ]
    }

    /// Returns the path of the private key for access tokens.
    pub fn signing_key_file(&self) -> std::path::PathBuf {
        self.files.path().join("signing-key.pem")
    }

    /// Runs `deliver-mail` and returns all mails so far, newest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let answer = self.run("deliver-mail", event::wake("mail", self.clock.now())).await;
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        self.mailbox.newest_first()
    }

    /// Runs `recompute-progress` as long as it was woken since its last run.
    pub async fn recompute_progress(&self) {
        while self.progress_wakes.swap(0, Ordering::SeqCst) > 0 {
            self.run_recompute_progress().await;
        }
    }

    /// Runs `recompute-progress`, even if it was not woken.
    pub async fn run_recompute_progress(&self) {
        assert_eq!(self.try_recompute_progress().await.unwrap(), json!({ "batchItemFailures": [] }));
    }

    /// Runs `recompute-progress`, which may find everything locked; the queue would then deliver the message again.
    pub async fn try_recompute_progress(&self) -> Result<Value, lyceum::Error> {
        self.functions["recompute-progress"].invoke(event::wake("progress", self.clock.now())).await
    }

    /// Asserts that all percentages equal the recomputed ones, and that no course waits for a recomputation.
    pub async fn assert_progress_is_as_the_facts_say(&self) {
        let found = check::check(&mut self.database.acquire().await.unwrap()).await.unwrap();
        assert!(found.differences.is_empty(), "{:#?}", found.differences);
        assert_eq!(self.count("SELECT count(*) FROM progress_recomputations").await, 0);
    }

    /// Runs all jobs that are due, whether `run-jobs` was woken or not.
    pub async fn run_jobs(&self) {
        assert_eq!(self.try_run_jobs().await.unwrap(), json!({ "batchItemFailures": [] }));
    }

    /// The same, where the database may be away.
    pub async fn try_run_jobs(&self) -> Result<Value, lyceum::Error> {
        self.functions["run-jobs"].invoke(event::wake("jobs", self.clock.now())).await
    }

    /// The messages that were sent to `run-jobs` since this was called last.
    pub fn jobs_messages(&self) -> Vec<Message> {
        std::mem::take(&mut self.jobs_messages.lock().unwrap())
    }

    /// Asserts that no job waits and that each count is what the facts say.
    pub async fn assert_counts_are_as_the_facts_say(&self) {
        assert_eq!(self.count("SELECT count(*) FROM jobs WHERE done_at IS NULL").await, 0);
        assert_eq!(self.count("SELECT count(*) FROM counter_deltas").await, 0);
        let different = "SELECT counter || ' ' || key || ' ' || difference FROM counter_differences";
        let different: Vec<String> = sqlx::query_scalar(different).fetch_all(&self.database).await.unwrap();
        assert!(different.is_empty(), "{different:#?}");
    }

    /// Returns how often the queue of `deliver-mail` was woken.
    pub fn wakes(&self) -> u32 {
        self.wakes.load(Ordering::Relaxed)
    }

    /// Returns the token in the newest mail to this address.
    pub async fn token_mailed_to(&self, email: &str) -> String {
        let mail = self.mails().await.into_iter().find(|mail| mail.to.contains(email)).expect("a mail");
        let (_, token) = mail.text.split_once("token=").expect("a link with a token");
        token.split_whitespace().next().unwrap().to_owned()
    }

    /// Returns the audit rows with this action, oldest first: user, resource, changes, address and user agent.
    pub async fn audited(&self, action: &str) -> Vec<Value> {
        sqlx::query_scalar(
            "SELECT jsonb_build_object('user_id', user_id, 'resource_type', resource_type, 'resource_id', resource_id,
               'changes', changes, 'ip_address', ip_address, 'user_agent', user_agent)
             FROM audit_logs WHERE action = $1 ORDER BY created_at, id",
        )
        .bind(action)
        .fetch_all(&self.database)
        .await
        .unwrap()
    }

    /// Runs SQL as the owner of the database, with the given user id as `$1`.
    pub async fn change(&self, sql: &'static str, id: &str) {
        sqlx::query(sql).bind(uuid::Uuid::parse_str(id).unwrap()).execute(&self.database).await.unwrap();
    }

    /// Returns a count that the API doesn't show.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.database).await.unwrap()
    }
}

/// A queue that keeps its messages, and does nothing.
fn recording(messages: &Arc<Mutex<Vec<Message>>>) -> Queue {
    let messages = messages.clone();
    Queue::new(move |message| {
        messages.lock().unwrap().push(message);
        Box::pin(async { Ok(()) })
    })
}

/// A queue that counts how often it was woken, and does nothing.
fn counting(wakes: &Arc<AtomicU32>) -> Queue {
    let wakes = wakes.clone();
    Queue::new(move |_| {
        wakes.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    })
}
