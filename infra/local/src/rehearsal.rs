//! The worst day, rehearsed: data are lost by a mistake, and the database is brought back to the moment before
//! (`security.md`, 31). All of it on a Postgres of its own, which is gone afterwards.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lyceum::learning::check;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::postgres::Cluster;
use crate::seed::{self, Sizes};
use crate::stack::{Options, Stack};

/// What is written between the backup and the loss.
const WRITES: Sizes = Sizes { courses: 200, users: 200, completions: 2_000 };
/// What is lost, and all that leads to it.
const LOST: &str = "DROP TABLE lesson_completions CASCADE";
/// How long the last piece of the log may take into the archive, and the recovery.
const PATIENCE: Duration = Duration::from_mins(1);

/// The rows of each table, by their number and one hash over all.
type Hashes = BTreeMap<String, (i64, String)>;

/// Removed at the end, however it comes about: a cluster's data may lie elsewhere than in the folder it was given.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Loads the demo, backs up, writes, loses a table, recovers, and compares; tells each step through `say`.
///
/// # Errors
/// When what was recovered is not what was there; or when Postgres is missing.
pub async fn restore(say: impl Fn(&str)) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let step = |began: Instant, what: &str| say(&format!("{what:<56} {:>6} ms", began.elapsed().as_millis()));

    let began = Instant::now();
    let dir = folder.path().join("before");
    let cluster = blocking(move || Cluster::start(&dir, true)?.archiving()).await?;
    let _removed = Removed(cluster.location().to_owned());
    let url = cluster.url("postgres", "postgres");
    let options =
        Options { port: 0, hosts: Vec::new(), data_dir: folder.path().join("stack"), database_url: Some(url.clone()) };
    Stack::start(&options, |_| ()).await?.stop().await?;
    step(began, "A Postgres that archives its log, with the demo");

    let began = Instant::now();
    let dir = folder.path().join("after");
    let (cluster, backup) = blocking(move || {
        let backup = cluster.back_up(&dir)?;
        Ok((cluster, backup))
    })
    .await?;
    let _copy_removed = Removed(backup.location().to_owned());
    step(began, "A backup");

    let began = Instant::now();
    seed::seed(&url, WRITES, |_| ()).await?;
    let mut database = PgConnection::connect(&url).await?;
    let before = hashes(&mut database).await?;
    let moment: String = sqlx::query_scalar("SELECT clock_timestamp()::text").fetch_one(&mut database).await?;
    let rows: i64 = before.values().map(|(rows, _)| rows).sum();
    step(began, &format!("Writes: {rows} rows in {} tables by now", before.len()));

    let began = Instant::now();
    database.execute(LOST).await?;
    database.execute("UPDATE users SET bio = 'Written after the mistake'").await?;
    let after = hashes(&mut database).await?;
    ensure!(after != before, "nothing was lost, so that nothing would be proved");
    archive_all(&mut database).await?;
    database.close().await?;
    blocking(move || cluster.stop()).await?;
    step(began, &format!("The mistake: {LOST}"));

    let began = Instant::now();
    let until = moment.clone();
    let recovered = blocking(move || backup.recover(&until)).await?;
    let mut database = PgConnection::connect(&recovered.url("postgres", "postgres")).await?;
    until_it_takes_writes(&mut database).await?;
    step(began, &format!("Recovered to {moment}"));

    let began = Instant::now();
    let found = hashes(&mut database).await?;
    for (table, (rows, hash)) in &before {
        let (found_rows, found_hash) = found.get(table).with_context(|| format!("{table} is still lost"))?;
        ensure!(rows == found_rows && hash == found_hash, "{table} had {rows} rows, and has {found_rows} others");
    }
    ensure!(found.len() == before.len(), "there are tables that were not there");
    let checked = check::check(&mut database).await?;
    ensure!(checked.differences.is_empty(), "learners' numbers are not as the facts say");
    database.execute("INSERT INTO categories (name, slug) VALUES ('After the recovery', 'after-the-recovery')").await?;
    database.close().await?;
    blocking(move || recovered.stop()).await?;
    step(began, "Compared");
    say(&format!("All {rows} rows of {} tables are as they were: the hashes are equal.", before.len()));
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
        // Names that the database itself gave.
        let hash = format!(
            "SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''), 'UTF8')), 'hex')
             FROM {table} t"
        );
        hashes.insert(table, sqlx::query_as(AssertSqlSafe(hash)).fetch_one(&mut *database).await?);
    }
    Ok(hashes)
}

/// Waits until the log up to now is in the archive.
async fn archive_all(database: &mut PgConnection) -> Result<()> {
    let last: String = sqlx::query_scalar("SELECT pg_walfile_name(pg_switch_wal())").fetch_one(&mut *database).await?;
    let archived = "SELECT coalesce(last_archived_wal >= $1, false) FROM pg_stat_archiver";
    let began = Instant::now();
    while !sqlx::query_scalar::<_, bool>(archived).bind(&last).fetch_one(&mut *database).await? {
        ensure!(began.elapsed() < PATIENCE, "the log does not get into the archive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn until_it_takes_writes(database: &mut PgConnection) -> Result<()> {
    let began = Instant::now();
    while sqlx::query_scalar::<_, bool>("SELECT pg_is_in_recovery()").fetch_one(&mut *database).await? {
        ensure!(began.elapsed() < PATIENCE, "the recovery does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::postgres::Binaries;
    use crate::programs::report_missing;

    /// The command itself, so that whoever changes the schema or the seed rehearses it.
    #[tokio::test(flavor = "multi_thread")]
    async fn line_31_a_lost_table_comes_back_with_all_its_rows() {
        if !Binaries::find().unwrap().has("pg_basebackup") {
            return report_missing("pg_basebackup");
        }
        super::restore(|step| println!("{step}")).await.unwrap();
    }
}
