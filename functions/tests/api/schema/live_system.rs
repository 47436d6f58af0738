//! A database with rows in every table, and what a migration does to those who use it meanwhile.
//!
//! The rules don't depend on how long something takes: a statement that reads or changes more than [`MANY`] rows of
//! these small tables does so for every row of a large one.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::migrate::Migration;
use sqlx::{AssertSqlSafe, Connection, Executor, FromRow, PgConnection};
use tokio::sync::OnceCell;

use crate::harness::DATABASES;
use lyceum::db::{MIGRATIONS, index_partitions};

/// The last migration that was written without these rules.
pub const LAST_EXEMPT: i64 = 20_261_129_110_100;
/// Rows for the schema of that migration.
const ROWS: &str = include_str!("live_rows.sql");
/// As many rows as one transaction may change, or read while it blocks writers. Each table that grows has more.
const MANY: i64 = 1_000;

/// The table locks that writers wait for.
const BLOCKING_WRITERS: &str = "'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'";
/// What a file without a transaction may hold: one of these statements.
const WITHOUT_TRANSACTION: [&str; 5] = [
    "CREATE INDEX CONCURRENTLY ",
    "CREATE UNIQUE INDEX CONCURRENTLY ",
    "DROP INDEX CONCURRENTLY ",
    "REINDEX INDEX CONCURRENTLY ",
    "DO $$", // with a COMMIT after each batch
];

pub struct LiveSystem {
    connection: PgConnection,
}

/// A table, an index or a sequence before a migration.
#[derive(FromRow)]
struct Relation {
    id: i64,
    name: String,
    /// The file that holds its rows; another one after a rewrite.
    file: i64,
    is_table: bool,
}

/// What the transaction of this connection has done to a table so far.
#[derive(FromRow)]
struct Work {
    id: i64,
    rows_read: i64,
    rows_changed: i64,
}

impl LiveSystem {
    /// The schema of [`LAST_EXEMPT`], with rows.
    pub async fn new() -> Self {
        static ORIGINAL: OnceCell<String> = OnceCell::const_new();
        let original = ORIGINAL.get_or_init(|| async {
            let database = DATABASES.create_bare().await;
            let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
            MIGRATIONS.run_to(LAST_EXEMPT, &mut owner).await.unwrap();
            owner.execute(sqlx::raw_sql(ROWS)).await.unwrap();
            owner.close().await.unwrap();
            database.name
        });
        let copy = DATABASES.copy(original.await).await;
        Self { connection: PgConnection::connect(&copy.owner_url).await.unwrap() }
    }

    /// Runs the migration as a deployment does, and returns which rules it breaks.
    pub async fn migrate(&mut self, migration: &Migration) -> Vec<String> {
        let faults = self.apply(migration.sql.as_str(), !migration.no_tx).await;
        self.execute("RESET lock_timeout").await;
        index_partitions(&mut self.connection).await.unwrap();
        faults
    }

    /// Runs the text of a migration, and returns which rules it breaks.
    pub async fn apply(&mut self, sql: &str, in_transaction: bool) -> Vec<String> {
        let mut faults =
            if in_transaction { self.run_in_transaction(sql).await } else { self.run_without_transaction(sql).await };
        faults.sort();
        faults
    }

    async fn run_in_transaction(&mut self, sql: &str) -> Vec<String> {
        self.execute("RESET lock_timeout; SET max_parallel_workers_per_gather = 0").await;
        let (before, columns) = (self.relations().await, self.columns().await);
        self.execute("BEGIN").await;
        let work_before = self.work().await; // of earlier transactions, which the server has not collected yet
        self.execute(sql).await;

        let mut faults = Vec::new();
        if self.text("SHOW lock_timeout").await == "0" {
            faults.push("sets no lock_timeout".to_owned());
        }
        let blocked = self.blocked().await;
        let blocked: BTreeSet<_> =
            before.values().filter(|one| blocked.contains(&one.id)).map(|one| &one.name).collect();
        for work in self.work().await.into_values() {
            let Some(table) = before.get(&work.id) else { continue };
            let earlier = work_before.get(&work.id);
            let read = work.rows_read - earlier.map_or(0, |earlier| earlier.rows_read);
            let changed = work.rows_changed - earlier.map_or(0, |earlier| earlier.rows_changed);
            if changed > MANY {
                faults.push(format!("changes {changed} rows of {} in one transaction", table.name));
            } else if read > MANY && !blocked.is_empty() {
                faults.push(format!("reads {read} rows of {} while writers of {blocked:?} wait", table.name));
            }
        }
        faults.extend(self.rewritten(&before).await);
        faults.extend(self.new_indexes(&before).await);
        for (table, column, is_required) in self.columns().await.difference(&columns) {
            let is_new = !columns.contains(&(*table, column.clone(), false));
            if let Some(table) = before.get(table).filter(|table| table.is_table && *is_required && is_new) {
                faults.push(format!("requires {}.{column}, which the version before does not set", table.name));
            }
        }
        self.execute("COMMIT").await;
        faults
    }

    async fn run_without_transaction(&mut self, sql: &str) -> Vec<String> {
        let statements = without_comments(sql);
        let statement = statements.trim_end_matches(';');
        let is_known = WITHOUT_TRANSACTION.iter().any(|known| statement.starts_with(known));
        if !is_known || (statement.contains(';') && !statement.starts_with("DO $$")) {
            return vec![format!("is not one of {WITHOUT_TRANSACTION:?}: {statement}")];
        }
        let before = self.relations().await;
        let first: i64 = self.number("SELECT pg_current_xact_id()::text::bigint").await;
        self.execute(sql).await;
        let mut faults = self.rewritten(&before).await;
        for table in before.values().filter(|relation| relation.is_table) {
            let changed: i64 = self
                .number(&format!(
                    "SELECT coalesce(max(rows), 0)::bigint FROM (SELECT count(*) AS rows FROM ONLY {}
                     WHERE xmin::text::bigint > {first} GROUP BY xmin::text) AS each",
                    table.name
                ))
                .await;
            if changed > MANY {
                faults.push(format!("changes {changed} rows of {} in one transaction", table.name));
            }
        }
        faults
    }

    /// The indexes that no query can use: one that was not attached to that of its partitioned table, or is missing in
    /// a partition.
    pub async fn invalid_indexes(&mut self) -> Vec<String> {
        self.texts(
            "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisvalid ORDER BY 1",
        )
        .await
    }

    /// The constraints that hold for new rows only.
    pub async fn constraints_to_validate(&mut self) -> Vec<String> {
        self.texts(
            "SELECT conname::text FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace AND NOT convalidated ORDER BY 1",
        )
        .await
    }

    /// The tables that have no rows, but for the partitions of months to come.
    pub async fn empty_tables(&mut self) -> Vec<String> {
        let tables = self.texts(
            "SELECT relname::text FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname !~ '^audit_logs_20'",
        );
        let mut empty = Vec::new();
        for table in tables.await {
            if self.number(&format!("SELECT count(*) FROM {table}")).await == 0 {
                empty.push(table);
            }
        }
        empty
    }

    async fn relations(&mut self) -> BTreeMap<i64, Relation> {
        let relations: Vec<Relation> = sqlx::query_as(
            "SELECT oid::bigint AS id, relname::text AS name, relfilenode::bigint AS file, relkind = 'r' AS is_table
             FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> '_sqlx_migrations'",
        )
        .fetch_all(&mut self.connection)
        .await
        .unwrap();
        relations.into_iter().map(|relation| (relation.id, relation)).collect()
    }

    /// The relations that this transaction holds locks on that writers wait for.
    async fn blocked(&mut self) -> Vec<i64> {
        let sql = format!(
            "SELECT DISTINCT relation::bigint FROM pg_locks
             WHERE pid = pg_backend_pid() AND locktype = 'relation' AND mode IN ({BLOCKING_WRITERS})"
        );
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await.unwrap()
    }

    async fn work(&mut self) -> BTreeMap<i64, Work> {
        let work: Vec<Work> = sqlx::query_as(
            "SELECT oid::bigint AS id,
               pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid) AS rows_read,
               pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid) AS rows_changed
             FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
        )
        .fetch_all(&mut self.connection)
        .await
        .unwrap();
        work.into_iter().map(|work| (work.id, work)).collect()
    }

    async fn rewritten(&mut self, before: &BTreeMap<i64, Relation>) -> Vec<String> {
        let after = self.relations().await;
        let rewritten = after.values().filter(|now| before.get(&now.id).is_some_and(|then| then.file != now.file));
        rewritten.map(|relation| format!("rewrites {}", relation.name)).collect()
    }

    /// The indexes that were built while writers waited. An empty partition may have one at once.
    async fn new_indexes(&mut self, before: &BTreeMap<i64, Relation>) -> Vec<String> {
        let indexes: Vec<(i64, i64, String, bool)> = sqlx::query_as(
            "SELECT i.indexrelid::bigint, i.indrelid::bigint, i.indexrelid::regclass::text, t.relispartition
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid AND t.relkind = 'r'",
        )
        .fetch_all(&mut self.connection)
        .await
        .unwrap();
        let mut faults = Vec::new();
        for (index, table, name, is_of_partition) in indexes {
            let Some(table) = before.get(&table).filter(|_| !before.contains_key(&index)) else { continue };
            let is_empty = self.number(&format!("SELECT count(*) FROM {}", table.name)).await == 0;
            if !(is_of_partition && is_empty) {
                faults.push(format!("builds {name} on {} while its writers wait", table.name));
            }
        }
        faults
    }

    /// Each column with its table, and whether an INSERT has to set it.
    async fn columns(&mut self) -> BTreeSet<(i64, String, bool)> {
        let columns: Vec<(i64, String, bool)> = sqlx::query_as(
            "SELECT attrelid::bigint, attname::text, attnotnull AND NOT atthasdef AND attidentity = ''
             FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped",
        )
        .fetch_all(&mut self.connection)
        .await
        .unwrap();
        columns.into_iter().collect()
    }

    async fn execute(&mut self, sql: &str) {
        self.connection
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    async fn number(&mut self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await.unwrap()
    }

    async fn text(&mut self, sql: &str) -> String {
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await.unwrap()
    }

    async fn texts(&mut self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await.unwrap()
    }
}

/// The statements alone, with single spaces.
fn without_comments(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split_once("--").map_or(line, |(before, _)| before));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
