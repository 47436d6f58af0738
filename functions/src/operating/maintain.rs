//! `maintain`, by a daily schedule: erases accounts that were closed 30 days ago, removes what has expired, makes the
//! audit log's next partitions and drops those that are kept no longer, reads statistics anew that are stale, publishes
//! how the database fares as metrics, and tidies the files. Each step is a short transaction of its own, and
//! none waits for another to be possible; a run that is cut short is taken up by the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::app::{App, Needs};
use lyceum::audit::{Audit, Changes, audit};
use lyceum::counters;
use lyceum::db::{condition, upkeep};
use lyceum::error::Result;
use lyceum::expiry::{self, Rule};
use lyceum::id::UserId;
use lyceum::identity::closing;
use lyceum::{Error, Function, Trigger, audit};
use serde_json::{Value, json};

use crate::media::tidy;

pub const FUNCTION: Function = Function {
    name: "maintain",
    needs: Needs::database().and_storage().and_jobs_queue(),
    trigger: Trigger::Event(handler),
};

/// A table of fewer rows is never worth a word about its dead ones.
const MANY_ROWS: i64 = 10_000;

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        if event["recompute_counters"] == true {
            return recompute_counters(&app).await;
        }
        let mut run = Run::default();
        let erased = erase_accounts(&app, &mut run).await;
        let mut removed = BTreeMap::new();
        for rule in &expiry::RULES {
            removed.insert(rule.table, run.step(rule.table, expire(&app, rule).await));
        }
        let made = run.step("audit_partitions", make_partitions(&app).await);
        let dropped = run.step("audit_partitions_dropped", drop_audit_partitions(&app).await);
        let analyzed = run.step("tables_analyzed", analyze(&app).await);
        let invalid = run.step("invalid_indexes", publish_condition(&app).await);
        let files = run.step("files", tidy::tidy(&app).await); // the last: it may take long
        let report = json!({
            "accounts_erased": erased,
            "rows_removed": removed,
            "audit_partitions": made,
            "audit_partitions_dropped": dropped,
            "tables_analyzed": analyzed,
            "invalid_indexes": invalid,
            "files": files,
        });
        tracing::info!(%report, "maintained");
        run.end().map(|()| report)
    })
}

/// Sent by an operator: `{"recompute_counters": true}` compares all counts with the facts and corrects them. The
/// corrections are folded by `run-jobs`, as all changes are.
async fn recompute_counters(app: &App) -> Result<Value> {
    let mut corrected = BTreeMap::new();
    for counter in counters::COUNTERS {
        let mut tx = app.write_as_system().await?;
        let wrong = counters::recompute(&mut tx, counter).await?;
        tx.commit(Audit::of("counters.recompute", counter).changed(Changes::field("corrected", None::<i64>, wrong)))
            .await?;
        corrected.insert(counter, wrong);
    }
    Ok(json!({ "corrected": corrected }))
}

/// What the steps of a run could not do. Each is told, none stops another, and the run fails at its end.
#[derive(Default)]
struct Run {
    failures: Vec<String>,
}

impl Run {
    fn step<T>(&mut self, name: &str, done: Result<T>) -> Option<T> {
        done.inspect_err(|error| {
            tracing::error!(step = name, %error, "a step of the maintenance failed");
            self.failures.push(format!("{name}: {error}"));
        })
        .ok()
    }

    fn end(self) -> Result<()> {
        if self.failures.is_empty() { Ok(()) } else { Err(Error::internal(self.failures.join("; "))) }
    }
}

/// Erases the accounts that are due, but for those that can't be; tells how many.
async fn erase_accounts(app: &App, run: &mut Run) -> u64 {
    let (mut erased, mut failed) = (0, Vec::new());
    loop {
        match erase_one(app, &failed).await {
            Ok(Some((_, Ok(())))) => erased += 1,
            Ok(Some((user, done))) => {
                run.step(&format!("the account {user}"), done);
                failed.push(user);
            }
            Ok(None) => return erased,
            Err(error) => {
                run.step("accounts_erased", Err::<(), _>(error));
                return erased;
            }
        }
    }
}

/// Erases the account that is due for longest; tells which, and whether it could be.
async fn erase_one(app: &App, but: &[UserId]) -> Result<Option<(UserId, Result<()>)>> {
    let mut tx = app.write_as_system().await?;
    let Some(user) = closing::due_for_erasure(&mut tx, but).await? else {
        return Ok(None);
    };
    let done = match closing::erase(&mut tx, user).await {
        Ok(()) => tx.commit(audit("user.erase", user)).await,
        Err(error) => Err(error),
    };
    Ok(Some((user, done)))
}

async fn expire(app: &App, rule: &Rule) -> Result<u64> {
    expiry::remove(&mut app.read_as_system().await?, rule).await
}

async fn make_partitions(app: &App) -> Result<Vec<String>> {
    audit::make_partitions(&mut app.read_as_system().await?).await
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
async fn analyze(app: &App) -> Result<Vec<String>> {
    let stale = upkeep::stale_tables(&mut app.read_as_system().await?).await?; // there may be only one connection
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
