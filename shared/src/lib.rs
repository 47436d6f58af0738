//! Lyceum's library: everything that functions share.
//!
//! | module | contents |
//! | --- | --- |
//! | [`identity`] | users, roles, sessions, passwords, tokens, keys; who calls and what they may do |
//! | [`catalog`] | categories, courses, sections, lessons, prerequisites, tags, search |
//! | [`learning`] | enrolments, completions, progress |
//! | [`media`] | uploads, the checks of what arrived, storage (S3), what is played |
//! | [`limits`] | how often a secret may be tried and a mail sent, counted in Redis or Postgres |
//! | [`jobs`] | work that a transaction causes and that happens after it |
//! | [`counters`] | the counts that lists show, folded by a job |
//! | [`retention`] | how long rows are kept |
//! | [`audit`], [`outbox`], [`queue`], [`mail`], [`clock`], `cache` | what the domains use |
//! | [`http`] | routes and dispatch, request, reply, OpenAPI |
//! | [`input`], [`page`], [`csv_export`], `answer_size`, [`version`], [`id`] | the types of what comes in and goes out |
//! | [`error`], [`problem`] | what went wrong, and what a caller is told |
//! | [`transaction`], [`db`] | the two ways to the database, the pool, the migrations |
//! | [`function`] | the description of a Lambda function: routes, triggers, rights, resources |
//! | [`app`], [`config`], [`log`], [`run`](mod@run) | start-up: settings, clients, what is printed, the Lambda loop |
//!
//! Dependencies point down: functions, `http`, the domains, `transaction` and `db`. Domains name each other only
//! downwards: `learning` and `media`, then `catalog`, then `identity`.

mod answer_size;
pub mod app;
pub mod audit;
mod cache;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod counters;
pub mod csv_export;
pub mod db;
pub mod error;
pub mod function;
pub mod http;
pub mod id;
pub mod identity;
pub mod input;
pub mod jobs;
pub mod learning;
pub mod limits;
pub mod log;
pub mod mail;
pub mod media;
pub mod outbox;
pub mod page;
pub mod problem;
pub mod queue;
mod random;
mod redis;
pub mod retention;
pub mod run;
mod secrets;
pub mod transaction;
pub mod version;

pub use error::{Error, Result};
pub use function::Function;
pub use run::run;
