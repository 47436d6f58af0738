//! The whole of Lyceum on this machine, started in order and stopped.

mod data_dir;
mod database;
mod environment;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::middleware::from_fn_with_state;
use lyceum::Function;
use lyceum::app::{App, Needs};
use lyceum::clock::Clock;
use lyceum::config::Settings;
use lyceum::identity::keys::{self, SigningKey};
use lyceum::media::UPLOADED;
use lyceum::queue::{Message, Queue};
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::demo;
use crate::gateway::{self, Gateway};
use crate::hosts::{self, Hosts};
use crate::mailbox::Mailbox;
use crate::storage::Storage;
use crate::trigger::{self, Invoke, Trigger};
use crate::{event, pages};
use data_dir::DataDir;
use database::Database;
pub use environment::Environment;

const BUCKET: &str = "lyceum-media";
/// How often what waits in the database is swept here; on AWS a schedule does so every five minutes.
const SWEEP: Duration = Duration::from_secs(1);
/// Maintenance waits until the start is over.
const SOON: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
/// Lambda waits a minute, and then two; nobody here wants to.
const TRIED_AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Where and how to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway's port; 0 picks a free one.
    pub port: u16,
    /// Names under which it may be called, beside those of this machine itself.
    pub hosts: Vec<String>,
    /// Where all data are kept between runs.
    pub data_dir: PathBuf,
    /// A Postgres that runs already, as the owner of its database, instead of one of our own.
    pub database_url: Option<String>,
}

/// A running stack. Dropped, it is gone; [`Stack::stop`] ends it with care.
pub struct Stack {
    pub url: String,
    pub environment: Environment,
    gateway: Arc<Gateway>,
    database: Database,
    tasks: Vec<JoinHandle<()>>,
    _storage: Arc<Storage>,
    data_dir: DataDir,
}

impl Stack {
    /// Starts everything, and tells each step through `say`.
    ///
    /// # Errors
    /// A plain sentence that says what is in the way, and what to do.
    pub async fn start(options: &Options, say: impl Fn(&str)) -> Result<Self> {
        Self::start_beside(options, say, |_| None).await
    }

    /// The same, where functions that events start may run elsewhere: for those, `elsewhere` gives how to reach them.
    ///
    /// # Errors
    /// As [`Stack::start`].
    pub async fn start_beside(
        options: &Options,
        say: impl Fn(&str),
        elsewhere: impl Fn(&str) -> Option<Invoke>,
    ) -> Result<Self> {
        let step = |began: Instant, what: &str| say(&format!("{what:<44} {:>5} ms", began.elapsed().as_millis()));
        let data_dir = DataDir::open(&options.data_dir)?;
        let listeners = listen(options.port).await?;
        let url = format!("http://localhost:{}", listeners.first().context("no listener")?.local_addr()?.port());

        let began = Instant::now();
        let (database, storage, mailbox) =
            tokio::try_join!(Database::start(&data_dir, options.database_url.clone()), storage(&data_dir), async {
                Mailbox::start(&data_dir.path("mail"), 0).await
            },)?;
        step(began, &format!("Postgres     {}", database.place));
        say(&format!("S3           {}", storage.endpoint()));
        say(&format!("Mail         {}", mailbox.url()));

        let began = Instant::now();
        let mut owner = PgConnection::connect(&database.owner_url).await.context("the database does not answer")?;
        lyceum::db::migrate(&mut owner).await?;
        step(began, "Migrations");

        let key_file = data_dir.file("signing-key.pem", || Ok(keys::generate_pem()?))?;
        SigningKey::from_pem(&std::fs::read(&key_file)?)?.publish_as_owner(&mut owner).await?;
        let environment = Environment::new(&url, &database, &data_dir, &storage, &mailbox, BUCKET, &key_file)?;

        let began = Instant::now();
        if demo::is_refused() {
            say("Demo data    none: LYCEUM_ENV is production");
        } else if demo::load(&mut owner, &environment).await? {
            step(began, "Demo data");
        }
        owner.close().await?;

        let (app, queues) = app(&environment).await?;
        let gateway = Arc::new(Gateway::new(&app)?);
        let mut tasks = vec![tokio::spawn(maintain(gateway.clone()))];
        for (function, messages) in queues {
            tasks.push(tokio::spawn(work(gateway.clone(), function, messages)));
        }
        let storage = Arc::new(storage);
        for trigger in triggers(&gateway, &data_dir, elsewhere) {
            tasks.push(tokio::spawn(trigger.run(storage.clone())));
        }
        let hosts = Hosts::new(&options.hosts);
        let service = pages::service(mailbox, gateway.clone()).merge(gateway::service(gateway.clone(), hosts.clone())?);
        let service = service.layer(from_fn_with_state(hosts, hosts::check));
        for listener in listeners {
            let service = service.clone().into_make_service_with_connect_info::<SocketAddr>();
            tasks.push(tokio::spawn(async move {
                if let Err(error) = axum::serve(listener, service).await {
                    tracing::error!(%error, "the gateway stopped");
                }
            }));
        }
        data_dir.note_running(&environment)?;
        Ok(Self { url, environment, gateway, database, tasks, _storage: storage, data_dir })
    }

    /// Whether the demo accounts are there and have their first password.
    pub async fn has_demo_accounts(&self) -> bool {
        let body = serde_json::json!({ "identifier": demo::STUDENT, "password": demo::PASSWORD }).to_string();
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let call = self.gateway.call("POST", "/v1/auth/login", &headers, Some(body.as_bytes()), "127.0.0.1");
        // Without a line in the log: nobody called.
        call.with_subscriber(NoSubscriber::default()).await.is_ok_and(|answer| answer["statusCode"] == 200)
    }

    /// Stops all of it; what was written is kept.
    ///
    /// # Errors
    /// When Postgres does not stop in time.
    pub async fn stop(self) -> Result<()> {
        self.data_dir.note_stopped();
        for task in &self.tasks {
            task.abort();
        }
        self.database.stop().await
    }
}

/// Functions that work through a queue, each with the bodies of its messages.
type Queues = [(&'static str, UnboundedReceiver<String>); 3];

async fn app(environment: &Environment) -> Result<(Arc<App>, Queues)> {
    let settings = Settings::from(|name| environment.get(name))?;
    let app = App::start(settings, Needs::everything()).await?;
    let (mail, mails) = mpsc::unbounded_channel();
    let (progress, courses) = mpsc::unbounded_channel();
    let (jobs, due) = mpsc::unbounded_channel();
    let app = app.with_mail_queue(queue(mail)).with_progress_queue(queue(progress)).with_jobs_queue(queue(jobs));
    Ok((Arc::new(app), [("deliver-mail", mails), ("recompute-progress", courses), ("run-jobs", due)]))
}

/// A queue that hands on the body of each message once its delay has passed.
fn queue(messages: UnboundedSender<String>) -> Queue {
    Queue::new(move |Message { delay, body }| {
        let messages = messages.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let _ = messages.send(body); // nobody receives while the stack stops
        });
        Box::pin(async { Ok(()) })
    })
}

/// The S3, at the port that it had before as long as nobody else has taken it: addresses of pictures are kept.
async fn storage(data_dir: &DataDir) -> Result<Storage> {
    let (id, secret) = data_dir.s3_credentials()?;
    let (root, before) = (data_dir.path("s3"), data_dir.s3_port());
    let storage = match Storage::start(&root, before, &id, &secret, BUCKET).await {
        Err(_) if before != 0 => Storage::start(&root, 0, &id, &secret, BUCKET).await?,
        started => started?,
    };
    data_dir.keep_s3_port(storage.port())?;
    Ok(storage)
}

/// The functions that files start when they arrive in the bucket.
fn triggers(gateway: &Arc<Gateway>, data_dir: &DataDir, elsewhere: impl Fn(&str) -> Option<Invoke>) -> Vec<Trigger> {
    let started = |function: &&Function| function.triggers.contains(&lyceum::function::Trigger::Uploads);
    let trigger = |function: &Function| {
        let name = function.name.to_owned();
        let failures = trigger::failures_of(&data_dir.path(""), &name);
        let invoke = elsewhere(&name).unwrap_or_else(|| here(gateway.clone(), name.clone()));
        let prefix = UPLOADED.to_owned();
        Trigger { function: name, prefix, invoke, delays: TRIED_AGAIN_AFTER, clock: Clock::default(), failures }
    };
    lyceum_functions::ALL.iter().filter(started).map(trigger).collect()
}

/// A function of this process.
fn here(gateway: Arc<Gateway>, function: String) -> Invoke {
    Arc::new(move |event| {
        let (gateway, function) = (gateway.clone(), function.clone());
        Box::pin(async move { gateway.invoke(&function, event).await })
    })
}

/// The queue and the schedule of a function that works off what waits in the database.
async fn work(gateway: Arc<Gateway>, function: &str, mut messages: UnboundedReceiver<String>) {
    loop {
        #[expect(clippy::disallowed_methods, reason = "the schedule's own time, which no rule depends on")]
        let now = chrono::Utc::now();
        let event = tokio::select! {
            Some(body) = messages.recv() => event::sqs(function, &body, now),
            () = tokio::time::sleep(SWEEP) => event::schedule(function, now),
        };
        if let Err(error) = gateway.invoke(function, event).await {
            tracing::warn!(%error, "{function} failed");
        }
    }
}

/// The schedule of `maintain`.
async fn maintain(gateway: Arc<Gateway>) {
    let mut days = tokio::time::interval_at(tokio::time::Instant::now() + SOON, DAY);
    loop {
        days.tick().await;
        #[expect(clippy::disallowed_methods, reason = "the schedule's own time, which no rule depends on")]
        let now = chrono::Utc::now();
        if let Err(error) = gateway.invoke("maintain", event::schedule("maintain", now)).await {
            tracing::warn!(%error, "maintenance failed");
        }
    }
}

/// On both addresses that `localhost` can mean, if the machine has both.
async fn listen(port: u16) -> Result<Vec<TcpListener>> {
    let in_use = |error: &std::io::Error| error.kind() == ErrorKind::AddrInUse;
    let taken = || {
        format!("Port {port} is in use by another program. Stop it, or choose another port: cargo run -- --port 9100")
    };
    let mut listeners = match TcpListener::bind(("127.0.0.1", port)).await {
        Ok(listener) => vec![listener],
        Err(error) if in_use(&error) => bail!(taken()),
        Err(error) => return Err(error).context(format!("port {port} can't be used")),
    };
    let chosen = listeners.first().context("no listener")?.local_addr()?.port();
    match TcpListener::bind(("::1", chosen)).await {
        Ok(listener) => listeners.push(listener),
        Err(error) if in_use(&error) && port != 0 => bail!(taken()), // `localhost` might lead to that program
        Err(_) => {}                                                 // a machine without IPv6
    }
    Ok(listeners)
}
