//! The description of a Lambda function. What follows from it is written by `cargo run -- generate`: the binary, its part
//! of the templates in `infra/functions`, cargo-lambda's router, and its row in `docs/functions.md`.

use std::sync::Arc;

use lambda_http::BoxFuture;
use serde_json::Value;

use crate::app::{App, Needs};
use crate::config::Settings;
use crate::db::AWAKE_WITHIN;
use crate::error::Result;
use crate::http::Route;

/// The memory, in MiB, that comes with one whole processor: hashing a password uses all of it.
const WHOLE_PROCESSOR: u16 = 1769;

/// One Lambda function.
#[derive(Clone, Copy)]
pub struct Function {
    /// In kebab case: `complete-lesson`. Names its binary; on AWS the function is `STACK-CompleteLesson`.
    pub name: &'static str,
    /// The module that describes it, below its domain's.
    pub module: &'static str,
    pub handler: Handler,
    /// What starts it, besides calls of the API.
    pub triggers: &'static [Trigger],
    pub database: DatabaseRole,
    /// Its rights beyond the database and its own log.
    pub grants: &'static [Grant],
    /// The clients that it builds when it starts. They follow from `database` and `grants`.
    pub needs: Needs,
    /// In MiB.
    pub memory: u16,
    /// In seconds.
    pub timeout: u16,
    /// Whether it hashes passwords. If so, a deployment can reserve a part of the account's concurrency for it.
    pub hashes_passwords: bool,
    /// Whether it has an alarm of its own in every deployment. Where this is `false`, it has one in production, and in a
    /// trial the one alarm over all functions reports its failures.
    pub own_alarm: bool,
}

/// The code that handles the events.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Answers calls of the API (HTTP API, payload 2.0) by these routes.
    Http(fn() -> Vec<Route>),
    /// Answers the calls that no route takes. Takes all routes, to distinguish an unknown path from a wrong method.
    Default(fn() -> Vec<Route>),
    /// Handles any other event: takes it as JSON, and returns JSON.
    Event(EventHandler),
}

pub type EventHandler = fn(Arc<App>, Value) -> BoxFuture<'static, Result<Value>>;

/// Starts a function, without a caller who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Messages of a queue, in batches of ten. The function returns those that failed.
    Queue(QueueName),
    Schedule(Schedule),
    /// A file was created below `uploads/` in the bucket, or the malware scan has its result. Three failures put the event
    /// into a queue of the function's own.
    Uploads,
    /// A custom resource of `CloudFormation`: part of each deployment.
    Deployment(CustomResource),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// At the interval that the deployment's parameter `Sweep` sets: finds work whose message was lost.
    Sweep,
    /// At this interval, in days.
    Days(u8),
}

/// The custom resources of the templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomResource {
    /// The database's schema. All other functions are deployed after it.
    Schema,
    /// The first key that signs tokens.
    FirstKey,
    /// The first administrator.
    Administrator,
}

/// The queues of `template.yaml`. Messages are empty: the work is in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueName {
    /// Wakes `deliver-mail`.
    Mail,
    /// Wakes `recompute-progress`.
    Progress,
    /// Wakes `run-jobs`.
    Jobs,
}

/// The role as which a function signs in to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseRole {
    /// `lyceum_app`, which reads and writes rows.
    Application,
    /// The owner, which changes the schema.
    Owner,
    /// No database, and so no network.
    None,
}

/// A right beyond the database and the function's own log. Each comes with the client that uses it, and with the settings
/// that the client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Sends messages to a queue. Where there is no queue, the schedule of its function finds the work.
    Wake(QueueName),
    /// Connects to the read replica, if there is one.
    ReadReplica,
    /// Reads the key that signs tokens.
    ReadSigningKey,
    /// Writes the key that signs tokens.
    ReplaceSigningKey,
    /// Sends mail by SES, or by another SMTP server.
    SendMail,
    /// Signs URLs that read files below `media/`.
    SignMediaReads,
    /// Signs URLs that write files below `uploads/`, completes uploads in parts, and removes files.
    SignUploads,
    /// Reads and deletes files below `uploads/`, and copies accepted ones to `media/` and `public/`.
    InspectUploads,
}

impl Function {
    /// A function that answers calls of the API.
    #[must_use]
    pub const fn http(name: &'static str, routes: fn() -> Vec<Route>) -> Self {
        Self::new(name, Handler::Http(routes))
    }

    /// The function that answers calls that no route takes.
    #[must_use]
    pub const fn default(name: &'static str, routes: fn() -> Vec<Route>) -> Self {
        Self::new(name, Handler::Default(routes))
    }

    /// A function that a queue, a schedule, the bucket or a deployment starts. It has a minute, since a database that
    /// sleeps has to wake first.
    #[must_use]
    pub const fn event(name: &'static str, handler: EventHandler) -> Self {
        Self { timeout: 60, own_alarm: true, ..Self::new(name, Handler::Event(handler)) }
    }

    const fn new(name: &'static str, handler: Handler) -> Self {
        Self {
            name,
            module: "",
            handler,
            triggers: &[],
            database: DatabaseRole::Application,
            grants: &[],
            needs: Needs::database(),
            memory: 256,
            timeout: 10,
            hashes_passwords: false,
            own_alarm: false,
        }
    }

    /// Says which module describes it; the list of its domain does so.
    #[must_use]
    pub const fn in_module(self, module: &'static str) -> Self {
        Self { module, ..self }
    }

    #[must_use]
    pub const fn started_by(self, triggers: &'static [Trigger]) -> Self {
        Self { triggers, ..self }
    }

    /// Grants rights, and adds the clients that use them.
    #[must_use]
    pub const fn may(self, grants: &'static [Grant]) -> Self {
        let (mut needs, mut index) = (self.needs, 0);
        while index < grants.len() {
            needs = needs.and(grants[index]);
            index += 1;
        }
        Self { grants, needs, ..self }
    }

    /// Has no database, and is deployed outside of the network.
    #[must_use]
    pub const fn without_database(self) -> Self {
        Self { database: DatabaseRole::None, needs: self.needs.without_database(), ..self }
    }

    /// Signs in to the database as its owner, by a connection that the handler opens.
    #[must_use]
    pub const fn owns_database(self) -> Self {
        Self { database: DatabaseRole::Owner, needs: self.needs.without_database(), ..self }
    }

    #[must_use]
    pub const fn hashes_passwords(self) -> Self {
        Self { memory: WHOLE_PROCESSOR, hashes_passwords: true, ..self }
    }

    /// In MiB.
    #[must_use]
    pub const fn memory(self, memory: u16) -> Self {
        Self { memory, ..self }
    }

    /// In seconds. API Gateway waits for 30, Lambda for 900.
    #[must_use]
    pub const fn timeout(self, timeout: u16) -> Self {
        Self { timeout, ..self }
    }

    /// Returns the routes that this function answers; an empty list where API Gateway does not route calls to it by path.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        match self.handler {
            Handler::Http(routes) => routes(),
            Handler::Default(_) | Handler::Event(_) => Vec::new(),
        }
    }

    /// Whether API Gateway calls it.
    #[must_use]
    pub fn is_called(&self) -> bool {
        !matches!(self.handler, Handler::Event(_))
    }

    /// Returns the settings for this function: where no caller waits, it waits for a sleeping database.
    #[must_use]
    pub fn settings(&self, settings: Settings) -> Settings {
        if self.is_called() { settings } else { Settings { database_wait: AWAKE_WITHIN, ..settings } }
    }
}
