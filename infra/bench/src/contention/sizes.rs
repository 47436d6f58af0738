//! What rows take on disk, written one by one with the functions' own statements: so heap and indexes are as full as in
//! real use, which bulk loading is not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use lyceum_local::demo;
use lyceum_local::seed::Sizes;
use serde_json::json;
use sqlx::FromRow;

use super::crowd::{add_learners, new_course};
use super::hot_rows::{Completing, Enrolling, IN_MANY_COURSES, MANY_COURSES};
use super::replay::Replay;
use crate::scale::school::{School, copied, event, seeded};

#[derive(Args)]
pub struct Options {
    /// Calls of each kind
    #[arg(long, default_value_t = 24_000)]
    calls: usize,
    /// Where the databases are kept between runs [default: target/bench/postgres]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

const SIZES: Sizes = Sizes { courses: 1_000, users: 100, completions: 10_000 };
const CLIENTS: usize = 8;

/// The heap, the TOAST or an index of a table; of a partitioned table, with all partitions.
#[derive(FromRow)]
struct Part {
    table_name: String,
    /// 1 for the heap, 2 for TOAST, 3 for indexes.
    kind: i32,
    name: String,
    bytes: i64,
}

pub async fn run(options: Options, target: &Path) -> Result<()> {
    let cluster = super::cluster(options.data_dir, target).await?;
    let original = seeded(&cluster, SIZES).await?;
    let school = School::in_database(&cluster, copied(&cluster, &original, "sizes").await?, target).await?;
    add_learners(&school, i64::try_from(options.calls)?).await?;
    let (rows_before, parts_before) = (rows(&school).await?, parts(&school).await?);

    let course = new_course(&school, &school.user("instructor").await?, "published").await?;
    let enrolling = Enrolling::record(&school, course).await?;
    enrolling.replay(MANY_COURSES, CLIENTS, options.calls).run(&school).await?;
    let completing = Completing::record(&school, &enrolling).await?;
    completing.replay(IN_MANY_COURSES, CLIENTS, options.calls).run(&school).await?;
    sign_in(&school, options.calls).await?;

    let (rows_after, parts_after) = (rows(&school).await?, parts(&school).await?);
    println!("\n{:<24} {:<52} {:>9} {:>34}", "table", "part", "rows", "bytes a row, or MB a million rows");
    let tables: BTreeSet<_> = parts_after.keys().map(|(table, ..)| table.clone()).collect();
    for table in tables {
        let new = rows_after.get(&table).unwrap_or(&0) - rows_before.get(&table).unwrap_or(&0);
        if new < i64::try_from(options.calls)? / 2 {
            continue; // too few to say anything
        }
        let mut total = 0;
        for (part, bytes) in parts_after.iter().filter(|((of, ..), _)| *of == table) {
            let grown = bytes - parts_before.get(part).unwrap_or(&0);
            total += grown;
            line(&table, &part.2, new, grown);
        }
        line(&table, "all", new, total);
    }
    tokio::task::spawn_blocking(|| cluster.stop()).await??;
    Ok(())
}

fn line(table: &str, part: &str, rows: i64, bytes: i64) {
    // Bytes a row are megabytes a million rows.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = bytes as f64 / rows as f64;
    println!("{table:<24} {part:<52} {rows:>9} {each:>34.1}");
}

/// Learners who sign in, each once: a session, a refresh token and an audit row.
async fn sign_in(school: &School<'_>, calls: usize) -> Result<()> {
    let learner = school.learner().await?;
    let email: String = sqlx::query_scalar("SELECT email FROM users WHERE id = $1::uuid")
        .bind(&learner.id)
        .fetch_one(&mut school.owner().await?)
        .await?;
    let body = json!({ "identifier": email, "password": demo::PASSWORD });
    let login = event("POST", "/v1/auth/login", None, Some(&body));
    let statements = school.statements("login", &[login.clone(), login]).await?;
    let replay = Replay {
        statements: &statements,
        varying: BTreeMap::from([(learner.id.clone(), "learner")]),
        rows: format!(
            "SELECT row_number() OVER (ORDER BY md5(id::text)) AS n, id AS learner FROM users
             WHERE username LIKE 'crowd-%' LIMIT {calls}"
        ),
        clients: CLIENTS,
        calls: calls / CLIENTS,
    };
    replay.run(school).await?;
    Ok(())
}

/// The rows of each table; a partitioned one has those of its partitions.
async fn rows(school: &School<'_>) -> Result<BTreeMap<String, i64>> {
    let mut owner = school.owner().await?;
    let tables: Vec<(String, i64)> = sqlx::query_as(
        "SELECT c.relname::text,
           (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || c.oid::regclass, false, true, '')))[1]::text::bigint
         FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition",
    )
    .fetch_all(&mut owner)
    .await?;
    Ok(tables.into_iter().collect())
}

/// The size of each part of each table, by table, kind and name.
async fn parts(school: &School<'_>) -> Result<BTreeMap<(String, i32, String), i64>> {
    let mut owner = school.owner().await?;
    let parts: Vec<Part> = sqlx::query_as(
        "WITH tables AS (
           SELECT t.oid, t.reltoastrelid, coalesce(parent.relname, t.relname)::text AS table_name
           FROM pg_class t LEFT JOIN pg_inherits i ON i.inhrelid = t.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
           WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r')
         SELECT table_name, kind, name, sum(bytes)::bigint AS bytes FROM (
           SELECT table_name, 1 AS kind, 'heap' AS name, pg_table_size(oid) - coalesce(pg_total_relation_size(nullif(reltoastrelid, 0)), 0) AS bytes
           FROM tables
           UNION ALL
           SELECT table_name, 2, 'TOAST', pg_total_relation_size(reltoastrelid) FROM tables WHERE reltoastrelid <> 0
           UNION ALL
           SELECT table_name, 3, coalesce(parent.relname, x.relname), pg_total_relation_size(x.oid)
           FROM tables JOIN pg_index ON indrelid = tables.oid JOIN pg_class x ON x.oid = indexrelid
           LEFT JOIN pg_inherits i ON i.inhrelid = x.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
         ) AS parts GROUP BY table_name, kind, name",
    )
    .fetch_all(&mut owner)
    .await?;
    Ok(parts.into_iter().map(|part| ((part.table_name, part.kind, part.name), part.bytes)).collect())
}
