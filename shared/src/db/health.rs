//! The state of the database as Postgres counts it: sizes, indexes, slow statements, waiting jobs.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::jobs::{self, Backlog};
use crate::transaction::Read;

/// How many of the slowest statements are returned.
const SLOWEST_STATEMENTS: i32 = 20;
/// The age at which the statistics of a partitioned table are stale. Autovacuum doesn't analyze partitioned tables.
const MAX_STATISTICS_AGE: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    pub size_bytes: i64,
    /// Largest first. The numbers of a partitioned table include its partitions.
    pub tables: Vec<Table>,
    /// Largest first. The numbers of a partitioned table's index include its partitions.
    pub indexes: Vec<Index>,
    /// Slowest mean time first, with `$1` in place of values. Empty when `pg_stat_statements` is not loaded.
    pub slowest_statements: Vec<Statement>,
    /// `None` when there is no replica.
    pub replica: Option<Replica>,
    pub outbox: Outbox,
    /// The kinds that have jobs which are not done.
    pub jobs: Vec<Backlog>,
    /// Courses whose learners' percentages must be recomputed.
    pub progress_waiting: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Table {
    pub name: String,
    /// Includes the indexes.
    pub size_bytes: i64,
    pub indexes_bytes: i64,
    /// Postgres' estimate.
    pub rows: i64,
    /// Deleted rows whose space is not free yet (the estimate of Postgres).
    pub dead_rows: i64,
    /// Dead rows in percent of all rows.
    pub dead_percent: f64,
    pub changed_since_analyze: i64,
    pub analyzed_at: Option<DateTime<Utc>>,
    pub vacuumed_at: Option<DateTime<Utc>>,
    /// Whether the planner's statistics are too old. The `maintain` function then analyzes the table.
    pub is_stale: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Index {
    pub name: String,
    pub table: String,
    pub size_bytes: i64,
    /// How often the index was used since the statistics were reset.
    pub scans: i64,
    /// Whether no query used the index and it belongs to no key or unique constraint, so it only costs.
    pub is_unused: bool,
    /// Whether building the index was interrupted. It answers no queries and still costs; drop it and build it again.
    pub is_invalid: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Statement {
    pub statement: String,
    pub calls: i64,
    pub mean_milliseconds: f64,
    pub total_milliseconds: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Replica {
    pub answers: bool,
    pub lag_milliseconds: Option<f64>,
}

/// Mails that wait to be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outbox {
    pub waiting: i64,
    /// How long the oldest due mail has been due; 0 when none is due.
    pub oldest_due_seconds: i64,
    /// Mails that failed too often and wait for an operator (dead letters).
    pub dead: i64,
}

/// Measures everything except the replica, which the caller measures.
///
/// # Errors
/// 503 when the database is unavailable.
pub async fn measure(read: &mut Read, replica: Option<Replica>) -> Result<Health> {
    let size_bytes = sqlx::query_scalar!(r#"SELECT pg_database_size(current_database()) AS "size!""#);
    Ok(Health {
        size_bytes: size_bytes.fetch_one(read.connection()).await?,
        tables: tables(read).await?,
        indexes: indexes(read).await?,
        slowest_statements: slowest_statements(read).await?,
        replica,
        outbox: outbox(read).await?,
        jobs: jobs::backlog(read).await?,
        progress_waiting: sqlx::query_scalar!(r#"SELECT count(*) AS "waiting!" FROM progress_recomputations"#)
            .fetch_one(read.connection())
            .await?,
    })
}

/// # Errors
/// 503 when the database is unavailable.
pub async fn tables(read: &mut Read) -> Result<Vec<Table>> {
    let stale_before = read.now() - MAX_STATISTICS_AGE;
    Ok(sqlx::query_as!(
        Table,
        r#"WITH root AS (
             SELECT coalesce(pg_partition_root(c.oid), c.oid) AS oid,
               sum(pg_total_relation_size(c.oid))::bigint AS size_bytes, sum(pg_indexes_size(c.oid))::bigint AS indexes_bytes,
               sum(s.n_live_tup)::bigint AS rows, sum(s.n_dead_tup)::bigint AS dead_rows,
               sum(s.n_mod_since_analyze)::bigint AS changed, max(greatest(s.last_vacuum, s.last_autovacuum)) AS vacuumed_at
             FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
             GROUP BY 1)
           SELECT c.relname::text AS "name!", root.size_bytes AS "size_bytes!", root.indexes_bytes AS "indexes_bytes!",
             root.rows AS "rows!", root.dead_rows AS "dead_rows!",
             coalesce(round(100.0 * root.dead_rows / nullif(root.rows + root.dead_rows, 0), 2), 0)::float8 AS "dead_percent!",
             root.changed AS "changed_since_analyze!", greatest(s.last_analyze, s.last_autoanalyze) AS analyzed_at, root.vacuumed_at,
             root.rows > 0 AND CASE c.relkind
               WHEN 'p' THEN coalesce(s.last_analyze <= $1, true)
               ELSE root.changed > 1000 + root.rows / 5 END AS "is_stale!"
           FROM root JOIN pg_class c USING (oid) LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
           ORDER BY root.size_bytes DESC, c.relname"#,
        stale_before,
    )
    .fetch_all(read.connection())
    .await?)
}

/// # Errors
/// 503 when the database is unavailable.
pub async fn indexes(read: &mut Read) -> Result<Vec<Index>> {
    Ok(sqlx::query_as!(
        Index,
        r#"WITH root AS (
             SELECT coalesce(pg_partition_root(i.indexrelid), i.indexrelid) AS oid,
               sum(pg_relation_size(i.indexrelid))::bigint AS size_bytes, coalesce(sum(s.idx_scan), 0)::bigint AS scans,
               bool_or(NOT i.indisvalid OR NOT i.indisready) AS is_invalid
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
             WHERE c.relnamespace = 'public'::regnamespace
             GROUP BY 1)
           SELECT c.relname::text AS "name!", t.relname::text AS "table!", root.size_bytes AS "size_bytes!", root.scans AS "scans!",
             root.scans = 0 AND NOT i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = root.oid) AS "is_unused!",
             root.is_invalid AS "is_invalid!"
           FROM root JOIN pg_class c USING (oid) JOIN pg_index i ON i.indexrelid = root.oid JOIN pg_class t ON t.oid = i.indrelid
           ORDER BY root.size_bytes DESC, c.relname"#,
    )
    .fetch_all(read.connection())
    .await?)
}

async fn slowest_statements(read: &mut Read) -> Result<Vec<Statement>> {
    Ok(sqlx::query_as!(
        Statement,
        r#"SELECT statement AS "statement!", calls AS "calls!", mean_milliseconds AS "mean_milliseconds!",
             total_milliseconds AS "total_milliseconds!"
           FROM slowest_statements($1)"#,
        SLOWEST_STATEMENTS,
    )
    .fetch_all(read.connection())
    .await?)
}

/// # Errors
/// 503 when the database is unavailable.
pub async fn outbox(read: &mut Read) -> Result<Outbox> {
    let now = read.now();
    Ok(sqlx::query_as!(
        Outbox,
        r#"SELECT count(*) AS "waiting!",
             coalesce(extract(epoch FROM $1 - min(due_at) FILTER (WHERE due_at <= $1)), 0)::bigint AS "oldest_due_seconds!",
             (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL) AS "dead!"
           FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL"#,
        now,
    )
    .fetch_one(read.connection())
    .await?)
}

/// Returns how far this database lags behind its writer, or `None` when it is not a replica.
///
/// # Errors
/// 503 when the database is unavailable.
pub async fn lag_milliseconds(read: &mut Read) -> Result<Option<f64>> {
    Ok(sqlx::query_scalar!("SELECT replica_lag_milliseconds()").fetch_one(read.connection()).await?)
}
