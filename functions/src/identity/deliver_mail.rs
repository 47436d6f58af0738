//! Sends the mails that are due. Its queue only wakes it, and a schedule sweeps what no message told: each run drains
//! the outbox, whose rows alone count attempts.

use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::Function;
use lyceum::app::App;
use lyceum::audit::{Audit, Changes};
use lyceum::db::health;
use lyceum::error::{Error, Result};
use lyceum::function::{Grant, QueueName, Schedule, Trigger};
use lyceum::identity::mail_templates;
use lyceum::mail::Mailer;
use lyceum::outbox::{self, Due};
use serde_json::{Value, json};

pub const FUNCTION: Function = Function::event("deliver-mail", handler)
    .started_by(&[Trigger::Queue(QueueName::Mail), Trigger::Schedule(Schedule::Sweep)])
    .may(&[Grant::SendMail, Grant::Wake(QueueName::Mail)]);

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        if event["redrive"] == true {
            return redrive(&app).await;
        }
        while deliver_one(&app).await? {}
        nudge_for_the_next(&app).await?;
        // Every message was understood: what failed is a row that is due again later.
        Ok(json!({ "batchItemFailures": [] }))
    })
}

/// By hand, once what stood in the way is mended: the event `{"redrive": true}` makes all mails due that were given up,
/// and delivers them.
async fn redrive(app: &App) -> Result<Value> {
    let mut tx = app.write_as_system().await?;
    let redriven = outbox::redrive(&mut tx).await?;
    tx.commit(Audit::of("outbox.redrive", "outbox").changed(Changes::field("redriven", None::<u64>, redriven))).await?;
    while deliver_one(app).await? {}
    nudge_for_the_next(app).await?;
    Ok(json!({ "redriven": redriven }))
}

/// The mail that is due next is not left to the schedule; and what waits or was given up becomes a metric.
async fn nudge_for_the_next(app: &App) -> Result<()> {
    let mut read = app.read_as_system().await?;
    let health::Outbox { waiting, oldest_due_seconds, dead } = health::outbox(&mut read).await?;
    tracing::info!(mails_waiting = waiting, oldest_mail_seconds = oldest_due_seconds, mails_dead = dead, "the outbox");
    if let (Some(due), Some(queue)) = (outbox::next_due(&mut read).await?, app.mail_queue()) {
        queue.wake_after((due - read.now()).to_std().unwrap_or_default()).await;
    }
    Ok(())
}

/// Delivers the mail that has been due longest; tells whether there was one.
async fn deliver_one(app: &App) -> Result<bool> {
    let mailer = app.mailer()?;
    let mut tx = app.write_as_system().await?;
    let Some(due) = outbox::take(&mut tx).await? else {
        return Ok(false);
    };
    tx.commit_unaudited("taking a mail is no change by anyone").await?;

    // One that can't be written, or whose server stays silent, fails for itself, and stops no other.
    let limit = app.settings.mail_timeout;
    let sent = tokio::time::timeout(limit, send(app, mailer, &due)).await;
    let sent = sent.unwrap_or_else(|_| Err(Error::internal(format!("there was no end within {} s", limit.as_secs()))));
    let mut tx = app.write_as_system().await?;
    match &sent {
        Ok(()) => outbox::delivered(&mut tx, &due).await?,
        Err(error) => {
            tracing::warn!(mail = %due.id, attempt = due.attempts, %error, "a mail could not be sent");
            outbox::failed(&mut tx, &due, &error.to_string()).await?;
        }
    }
    tx.commit_unaudited("the row itself is the record").await?;
    Ok(true)
}

async fn send(app: &App, mailer: &Mailer, due: &Due) -> Result<()> {
    due.may_be_tried()?;
    let mut tx = app.write_as_system().await?;
    let mail = mail_templates::render(&mut tx, mailer, due).await?;
    tx.commit_unaudited("the token's hash must be there before the mail is").await?;
    match mail {
        Some((recipient, mail)) => mailer.send(due.id, &recipient, mail).await,
        None => Ok(()), // nobody to write to any more
    }
}
