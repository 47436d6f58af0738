//! Lets the percentages of a course's learners follow an edit of its lessons. Its queue only wakes it, and a schedule
//! sweeps what no message told: rows of the database say which courses wait.

use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::Function;
use lyceum::app::App;
use lyceum::error::{Error, Result};
use lyceum::function::{Grant, QueueName, Schedule, Trigger};
use lyceum::learning::following::{self, Taken};
use serde_json::{Value, json};

pub const FUNCTION: Function = Function::event("recompute-progress", handler)
    .started_by(&[Trigger::Queue(QueueName::Progress), Trigger::Schedule(Schedule::Sweep)])
    .may(&[Grant::Wake(QueueName::Progress)]);

/// A run stops after so many batches, well within its time, and leaves the rest to the next one.
const MOST_BATCHES: u32 = 200;
/// A batch that met a deadlock or a lock that was held for too long is tried so often in all.
const ATTEMPTS: u32 = 4;

fn handler(app: Arc<App>, _event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let mut batches = MOST_BATCHES;
        let mut failed = None;
        while batches > 0
            && let Some(taken) = take(&app).await?
        {
            let course = taken.course_id;
            if let Err(error) = work(&app, taken, &mut batches).await {
                tracing::error!(%course, %error, "progress could not be recomputed");
                failed = Some(error); // the others don't wait for it
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(json!({ "batchItemFailures": [] })),
        }
    })
}

async fn take(app: &App) -> Result<Option<Taken>> {
    let mut tx = app.write_as_system().await?;
    let taken = following::take(&mut tx).await?;
    tx.commit_unaudited("taking a course is no change by anyone").await?;
    Ok(taken)
}

/// Works through the course, as far as this run's batches go.
async fn work(app: &App, mut taken: Taken, batches: &mut u32) -> Result<()> {
    while *batches > 0 {
        *batches -= 1;
        match batch(app, &taken).await? {
            Some(rest) => taken = rest,
            None => return Ok(()),
        }
    }
    let mut tx = app.write_as_system().await?;
    following::leave(&mut tx, &taken).await?;
    tx.commit_unaudited("the row itself is the record").await
}

async fn batch(app: &App, taken: &Taken) -> Result<Option<Taken>> {
    let mut attempt = 1;
    loop {
        let mut tx = app.write_as_system().await?;
        match following::advance(&mut tx, taken).await {
            Ok(rest) => {
                tx.commit_unaudited("the edit was audited; what follows from it is derived").await?;
                return Ok(rest);
            }
            Err(Error::Retry(_) | Error::Unavailable(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}
