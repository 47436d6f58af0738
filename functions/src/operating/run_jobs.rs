//! `run-jobs`: runs the jobs that need nothing but the database. Its queue wakes it, and a schedule finds what no message
//! announced.

use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::Function;
use lyceum::app::App;
use lyceum::counters::FoldCounters;
use lyceum::error::Result;
use lyceum::function::{Grant, QueueName, Schedule, Trigger};
use lyceum::jobs::{self, Handler, Runner};

use serde_json::Value;

pub const FUNCTION: Function = Function::event(Runner::RunJobs.function(), handler)
    .started_by(&[Trigger::Queue(QueueName::Jobs), Trigger::Schedule(Schedule::Sweep)])
    .may(&[Grant::Wake(QueueName::Jobs)]);

/// The kinds that it runs.
pub const HANDLERS: [Handler; 1] = [Handler::of::<FoldCounters>()];

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move { jobs::work(&app, Runner::RunJobs, &HANDLERS, &event).await })
}
