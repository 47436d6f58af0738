//! What keeps the database in order, of what only its owner may do.

use chrono::{Months, NaiveDate};

use super::health;
use crate::error::Result;
use crate::transaction::{Read, Write};

/// How long the statistics of one table may take to be read.
const ANALYZE_TIMEOUT: &str = "60s";

/// The tables of which the planner knows too little.
///
/// # Errors
/// Those of the database.
pub async fn stale_tables(read: &mut Read) -> Result<Vec<String>> {
    let tables = health::tables(read).await?;
    Ok(tables.into_iter().filter(|table| table.is_stale).map(|table| table.name).collect())
}

/// Reads the table's statistics anew.
///
/// # Errors
/// Those of the database.
pub async fn analyze(write: &mut Write, table: &str) -> Result<()> {
    // Of this transaction alone, so that no pooler carries it on.
    sqlx::query_scalar!("SELECT set_config('statement_timeout', $1, true)", ANALYZE_TIMEOUT)
        .fetch_one(write.connection())
        .await?;
    sqlx::query_scalar!("SELECT analyze_table($1) IS NULL", table).fetch_one(write.connection()).await?;
    Ok(())
}

/// Drops the oldest month of the audit log that is kept no longer; gives its name, or none when there is no such.
///
/// # Errors
/// Those of the database; 503 when somebody is in the way.
pub async fn drop_audit_partition(write: &mut Write, kept: Months) -> Result<Option<String>> {
    let before: NaiveDate = (write.now() - kept).date_naive();
    Ok(sqlx::query_scalar!("SELECT drop_audit_partition($1)", before).fetch_one(write.connection()).await?)
}
