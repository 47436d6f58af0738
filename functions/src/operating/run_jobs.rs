//! `run-jobs`: runs the jobs that need nothing but the database. Its queue wakes it, and a schedule finds what no message
//! announced.

use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::app::{App, Needs};
use lyceum::counters::FoldCounters;
use lyceum::error::Result;
use lyceum::jobs::{self, Handler, Runner};
use lyceum::{Function, Trigger};
use serde_json::Value;

pub const FUNCTION: Function = Function {
    name: Runner::RunJobs.function(),
    needs: Needs::database().and_jobs_queue(),
    trigger: Trigger::Event(handler),
};

/// The kinds that it runs.
pub const HANDLERS: [Handler; 1] = [Handler::of::<FoldCounters>()];

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move { jobs::work(&app, Runner::RunJobs, &HANDLERS, &event).await })
}
