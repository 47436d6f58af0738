//! `maintain`, by a daily schedule: erases accounts that were closed 30 days ago, removes what has expired, makes the
//! audit log's next partitions and drops those that are kept no longer, reads statistics anew that are stale, publishes
//! how the database fares as metrics, and tidies the files. Each step is a short transaction of its own; a run that is
//! cut short is taken up by the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::app::{App, Needs};
use lyceum::audit::{Audit, Changes, audit};
use lyceum::db::{condition, upkeep};
use lyceum::error::Result;
use lyceum::identity::closing;
use lyceum::{Error, Function, Trigger, audit, expiry};
use serde_json::{Value, json};

use crate::media::tidy;

pub const FUNCTION: Function =
    Function { name: "maintain", needs: Needs::database().and_storage(), trigger: Trigger::Event(handler) };

/// A table of fewer rows is never worth a word about its dead ones.
const MANY_ROWS: i64 = 10_000;

fn handler(app: Arc<App>, _event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let mut erased = 0;
        while erase_one(&app).await? {
            erased += 1;
        }
        let mut read = app.read_as_system().await?;
        let removed: BTreeMap<_, _> = expiry::remove(&mut read).await?.into_iter().collect();
        let made = audit::make_partitions(&mut read).await?;
        let stale = upkeep::stale_tables(&mut read).await?;
        drop(read); // there may be only one connection
        let dropped = drop_audit_partitions(&app).await?;
        let analyzed = analyze(&app, stale).await?;
        let invalid = publish_condition(&app).await?;
        let files = tidy::tidy(&app).await; // the last, so that the rest is done while S3 is away
        let report = json!({
            "accounts_erased": erased,
            "rows_removed": removed,
            "audit_partitions": made,
            "audit_partitions_dropped": dropped,
            "tables_analyzed": analyzed,
            "invalid_indexes": invalid,
            "files": files.as_ref().ok(),
        });
        tracing::info!(%report, "maintained");
        files.map(|_| report)
    })
}

/// What is kept no longer. A month that somebody reads just now goes another day.
async fn drop_audit_partitions(app: &App) -> Result<Vec<String>> {
    let mut dropped = Vec::new();
    loop {
        let mut tx = app.write_as_system().await?;
        match upkeep::drop_audit_partition(&mut tx, app.settings.audit_log_months).await {
            Ok(Some(partition)) => {
                let changes = Changes::field("partition", &partition, None::<&str>);
                tx.commit(Audit::of("audit_log.drop_month", "audit_log").changed(changes)).await?;
                dropped.push(partition);
            }
            Ok(None) => return Ok(dropped),
            Err(error @ Error::Unavailable(_)) => {
                tracing::warn!(%error, "a month of the audit log could not be dropped");
                return Ok(dropped);
            }
            Err(error) => return Err(error),
        }
    }
}

/// One table that can't be read in time keeps none of the others from it.
async fn analyze(app: &App, stale: Vec<String>) -> Result<Vec<String>> {
    let mut analyzed = Vec::new();
    for table in stale {
        let mut tx = app.write_as_system().await?;
        match upkeep::analyze(&mut tx, &table).await {
            Ok(()) => {
                tx.commit_unaudited("statistics are no data").await?;
                analyzed.push(table);
            }
            Err(error) => tracing::warn!(table, %error, "the statistics of a table could not be read"),
        }
    }
    Ok(analyzed)
}

/// Makes metrics of how the database fares; gives the names of the indexes that serve nobody.
async fn publish_condition(app: &App) -> Result<Vec<String>> {
    let mut read = app.read_as_system().await?;
    let condition = condition::of(&mut read, None).await?;
    let large = condition.tables.iter().filter(|table| table.rows > MANY_ROWS);
    let invalid: Vec<_> = condition.indexes.iter().filter(|index| index.is_invalid).map(|one| &one.name).collect();
    tracing::info!(
        database_bytes = condition.size_bytes,
        invalid_indexes = invalid.len(),
        unused_indexes = condition.indexes.iter().filter(|index| index.is_unused).count(),
        dead_rows_percent = large.map(|table| table.dead_percent).fold(0.0, f64::max),
        ?invalid,
        "the database's condition"
    );
    Ok(invalid.into_iter().cloned().collect())
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
