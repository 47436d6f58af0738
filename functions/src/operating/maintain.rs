//! `maintain`, by a daily schedule: erases accounts that were closed 30 days ago, removes what has expired, makes the audit
//! log's next partitions, and tidies the files. Each step is a short transaction of its own; a run that is cut short is taken up by
//! the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::app::{App, Needs};
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::identity::closing;
use lyceum::{Function, Trigger, audit, expiry};
use serde_json::{Value, json};

use crate::media::tidy;

pub const FUNCTION: Function =
    Function { name: "maintain", needs: Needs::database().and_storage(), trigger: Trigger::Event(handler) };

fn handler(app: Arc<App>, _event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let mut erased = 0;
        while erase_one(&app).await? {
            erased += 1;
        }
        let mut read = app.read_as_system().await?;
        let removed: BTreeMap<_, _> = expiry::remove(&mut read).await?.into_iter().collect();
        let partitions = audit::make_partitions(&mut read).await?;
        drop(read);
        let files = tidy::tidy(&app).await; // the last, so that the rest is done while S3 is away
        let report = json!({
            "accounts_erased": erased,
            "rows_removed": removed,
            "audit_partitions": partitions,
            "files": files.as_ref().ok(),
        });
        tracing::info!(%report, "maintained");
        files.map(|_| report)
    })
}

/// Erases the account that is due for longest; tells whether there was one.
async fn erase_one(app: &App) -> Result<bool> {
    let mut tx = app.write_as_system().await?;
    let Some(user) = closing::due_for_erasure(&mut tx).await? else {
        return Ok(false);
    };
    closing::erase(&mut tx, user).await?;
    tx.commit(audit("user.erase", user)).await?;
    Ok(true)
}
