//! Maintenance that only the owner of the database may do, through functions that the migrations define.

use chrono::{Months, NaiveDate};

use super::health;
use crate::error::Result;
use crate::transaction::{Read, Write};

/// The longest time that analyzing one table may take.
const ANALYZE_TIMEOUT: &str = "60s";

/// Returns the names of the tables whose statistics are too old.
///
/// # Errors
/// 503 when the database is unavailable.
pub async fn stale_tables(read: &mut Read) -> Result<Vec<String>> {
    let tables = health::tables(read).await?;
    Ok(tables.into_iter().filter(|table| table.is_stale).map(|table| table.name).collect())
}

/// Updates the planner's statistics of a table.
///
/// # Errors
/// 503 when the database is unavailable.
pub async fn analyze(write: &mut Write, table: &str) -> Result<()> {
    // For this transaction only, so that it doesn't stay on a pooled connection.
    sqlx::query_scalar!("SELECT set_config('statement_timeout', $1, true)", ANALYZE_TIMEOUT)
        .fetch_one(write.connection())
        .await?;
    sqlx::query_scalar!("SELECT analyze_table($1) IS NULL", table).fetch_one(write.connection()).await?;
    Ok(())
}

/// Drops the oldest partition of the audit log if it is older than `kept`. Returns its name, or `None`.
///
/// # Errors
/// 503 when the database is unavailable, or another transaction uses the partition.
pub async fn drop_audit_partition(write: &mut Write, kept: Months) -> Result<Option<String>> {
    let before: NaiveDate = (write.now() - kept).date_naive();
    Ok(sqlx::query_scalar!("SELECT drop_audit_partition($1)", before).fetch_one(write.connection()).await?)
}
