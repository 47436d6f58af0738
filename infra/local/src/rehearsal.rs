//! Rehearses a disaster: data is deleted by mistake, and the database is restored to the moment before. Runs on a
//! separate Postgres, which is removed afterwards.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lyceum::learning::check;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::postgres::Cluster;
use crate::seed::{self, Sizes};
use crate::stack::{Options, Stack};

/// The data written between the backup and the loss.
const WRITES: Sizes = Sizes { courses: 200, users: 200, completions: 2_000 };
/// The mistake: drops a table and the foreign keys that refer to it.
const LOST: &str = "DROP TABLE lesson_completions CASCADE";
/// The time limit for archiving the last log file, and for the recovery.
const TIMEOUT: Duration = Duration::from_mins(1);

/// For each table, the number of rows and a hash of all rows.
type Hashes = BTreeMap<String, (i64, String)>;

/// Removes a folder on drop. A cluster's data may be in another folder than the one it was given.
struct RemoveOnDrop(PathBuf);

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Loads the demo, backs up, writes, drops a table, recovers and compares. Reports each step through `say`.
///
/// # Errors
/// Fails when the recovered data differs, or when Postgres is not installed.
pub async fn restore(say: impl Fn(&str)) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let step = |began: Instant, what: &str| say(&format!("{what:<56} {:>6} ms", began.elapsed().as_millis()));

    let began = Instant::now();
    let dir = folder.path().join("before");
    let cluster = blocking(move || Cluster::start(&dir, true)?.archiving()).await?;
    let _removed = RemoveOnDrop(cluster.location().to_owned());
    let url = cluster.url("postgres", "postgres");
    let options =
        Options { port: 0, hosts: Vec::new(), data_dir: folder.path().join("stack"), database_url: Some(url.clone()) };
    Stack::start(&options, |_| ()).await?.stop().await?;
    step(began, "Started Postgres with log archiving and the demo data");

    let began = Instant::now();
    let dir = folder.path().join("after");
    let (cluster, backup) = blocking(move || {
        let backup = cluster.back_up(&dir)?;
        Ok((cluster, backup))
    })
    .await?;
    let _copy_removed = RemoveOnDrop(backup.location().to_owned());
    step(began, "Made a backup");

    let began = Instant::now();
    seed::seed(&url, WRITES, |_| ()).await?;
    let mut database = PgConnection::connect(&url).await?;
    let before = hashes(&mut database).await?;
    let moment: String = sqlx::query_scalar("SELECT clock_timestamp()::text").fetch_one(&mut database).await?;
    let rows: i64 = before.values().map(|(rows, _)| rows).sum();
    step(began, &format!("Wrote data: {rows} rows in {} tables", before.len()));

    let began = Instant::now();
    database.execute(LOST).await?;
    database.execute("UPDATE users SET bio = 'Written after the mistake'").await?;
    let after = hashes(&mut database).await?;
    ensure!(after != before, "the mistake changed nothing, so the rehearsal proves nothing");
    archive_all(&mut database).await?;
    database.close().await?;
    blocking(move || cluster.stop()).await?;
    step(began, &format!("Made the mistake: {LOST}"));

    let began = Instant::now();
    let until = moment.clone();
    let recovered = blocking(move || backup.recover(&until)).await?;
    let mut database = PgConnection::connect(&recovered.url("postgres", "postgres")).await?;
    wait_for_writes(&mut database).await?;
    step(began, &format!("Recovered to {moment}"));

    let began = Instant::now();
    let found = hashes(&mut database).await?;
    for (table, (rows, hash)) in &before {
        let (found_rows, found_hash) = found.get(table).with_context(|| format!("{table} was not recovered"))?;
        ensure!(
            rows == found_rows && hash == found_hash,
            "{table} had {rows} rows; after the recovery it has {found_rows}, or other content"
        );
    }
    ensure!(found.len() == before.len(), "the recovery created additional tables");
    let checked = check::check(&mut database).await?;
    ensure!(checked.differences.is_empty(), "learners' percentages differ from the recomputed ones");
    database.execute("INSERT INTO categories (name, slug) VALUES ('After the recovery', 'after-the-recovery')").await?;
    database.close().await?;
    blocking(move || recovered.stop()).await?;
    step(began, "Compared the data");
    say(&format!("All {rows} rows of {} tables were recovered: the hashes are equal.", before.len()));
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

async fn hashes(database: &mut PgConnection) -> Result<Hashes> {
    let tables =
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *database).await?;
    let mut hashes = Hashes::new();
    for table in tables {
        // The names come from the database itself.
        let hash = format!(
            "SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''), 'UTF8')), 'hex')
             FROM {table} t"
        );
        hashes.insert(table, sqlx::query_as(AssertSqlSafe(hash)).fetch_one(&mut *database).await?);
    }
    Ok(hashes)
}

/// Waits until the write-ahead log up to now is archived.
async fn archive_all(database: &mut PgConnection) -> Result<()> {
    let last: String = sqlx::query_scalar("SELECT pg_walfile_name(pg_switch_wal())").fetch_one(&mut *database).await?;
    let archived = "SELECT coalesce(last_archived_wal >= $1, false) FROM pg_stat_archiver";
    let began = Instant::now();
    while !sqlx::query_scalar::<_, bool>(archived).bind(&last).fetch_one(&mut *database).await? {
        ensure!(began.elapsed() < TIMEOUT, "the log was not archived in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn wait_for_writes(database: &mut PgConnection) -> Result<()> {
    let began = Instant::now();
    while sqlx::query_scalar::<_, bool>("SELECT pg_is_in_recovery()").fetch_one(&mut *database).await? {
        ensure!(began.elapsed() < TIMEOUT, "the recovery did not end in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::postgres::Binaries;
    use crate::programs::report_missing;

    /// Runs the command, so that changes of the schema or the seed are rehearsed.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_dropped_table_is_recovered_with_all_rows() {
        if !Binaries::find().unwrap().has("pg_basebackup") {
            return report_missing("pg_basebackup");
        }
        super::restore(|step| println!("{step}")).await.unwrap();
    }
}
