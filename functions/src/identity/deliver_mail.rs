//! Sends the mails that are due. Its queue only wakes it, and a schedule sweeps what no message told: each run drains
//! the outbox, whose rows alone count attempts.

use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::app::{App, Needs};
use lyceum::error::Result;
use lyceum::identity::letters;
use lyceum::{Function, Trigger, outbox};
use serde_json::{Value, json};

pub const FUNCTION: Function =
    Function { name: "deliver-mail", needs: Needs::database().and_mailer(), trigger: Trigger::Event(handler) };

fn handler(app: Arc<App>, _event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        while deliver_one(&app).await? {}
        // Every message was understood: what failed is a row that is due again later.
        Ok(json!({ "batchItemFailures": [] }))
    })
}

/// Delivers the mail that has been due longest; tells whether there was one.
async fn deliver_one(app: &App) -> Result<bool> {
    let mailer = app.mailer()?;
    let mut tx = app.write_as_system().await?;
    let Some(due) = outbox::take(&mut tx).await? else {
        return Ok(false);
    };
    let letter = letters::write(&mut tx, mailer, &due).await?;
    tx.commit_unaudited("taking a mail is no change by anyone").await?;

    let sent = match letter {
        Some((recipient, letter)) => mailer.send(due.id, &recipient, letter).await,
        None => Ok(()), // nobody to write to any more
    };
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
