//! A large catalogue with its learners, to measure with: `cargo run -- seed`. Made by set-based SQL in one transaction,
//! so that an interrupted one leaves nothing; the same sizes give the same data. Every rule of the platform holds in
//! them: what is a copy is as its trigger would have made it, and every percentage is what the facts say.
//!
//! | file | what |
//! | --- | --- |
//! | `plan` | how many of what, and who learns what |
//! | `statements` | the SQL, a statement a table |
//! | `bulk` | indexes and foreign keys, taken away while a table is filled |

mod bulk;
mod plan;
mod statements;

use std::time::Instant;

use anyhow::{Context, Result, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::demo;
use bulk::Bulk;
use plan::Plan;
pub use plan::Sizes;
use statements::{Statement, prepare};

/// How Postgres is to work: large sorts in memory, both cores for an index, and no wait for the disk at the commit.
const SETTINGS: &str = "SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB';
    SET LOCAL max_parallel_maintenance_workers = 2; SET LOCAL synchronous_commit = off;
    SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0; SET LOCAL jit = off;";

/// The tables that are filled, a parent before its children.
const TABLES: [&str; 11] = [
    "users",
    "categories",
    "courses",
    "course_search",
    "known_words",
    "course_tags",
    "course_prerequisites",
    "sections",
    "lessons",
    "enrollments",
    "lesson_completions",
];
/// Those whose indexes are cheaper to build when all rows are there.
const LARGE: [&str; 5] = ["course_search", "sections", "lessons", "enrollments", "lesson_completions"];

/// Fills the database with so much of everything, beside what it holds already; tells each step through `say`.
/// Meanwhile it is not to be used.
///
/// # Errors
/// In production; when it was seeded before; when the sizes can't be had; when the database fails.
pub async fn seed(owner_url: &str, sizes: Sizes, say: impl Fn(&str)) -> Result<()> {
    if demo::is_refused() {
        bail!("LYCEUM_ENV is production, where made-up learners have no place");
    }
    let plan = Plan::new(sizes)?;
    // Statements that take minutes are no news here.
    let options: PgConnectOptions = owner_url.parse()?;
    let connection = options.disable_statement_logging().connect().await;
    let owner = &mut connection.context("the database does not answer")?;
    let role: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(lyceum::db::APPLICATION_ROLE)
        .fetch_one(&mut *owner)
        .await?;
    if !role {
        lyceum::db::provision(owner, None).await.context("the given role may not make roles")?;
    }
    lyceum::db::migrate(owner).await.context("the database can't be brought up to date")?;
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM users WHERE email = 'learner-1@seed.test')")
        .fetch_one(&mut *owner)
        .await?;
    if known {
        bail!("This database was seeded already; seed a fresh one.");
    }
    let began = Instant::now();
    let password = demo::password_hash().await?;
    let mut transaction = owner.begin().await?;
    transaction.execute(SETTINGS).await?;
    prepare(&mut transaction).await?;
    let bulk = Bulk::take_away(&mut transaction, &LARGE).await?;
    for Statement { what, sql } in statements::all() {
        let step = Instant::now();
        let rows = plan.bind(sqlx::query(AssertSqlSafe(sql)), &password).execute(&mut *transaction).await;
        let rows = rows.with_context(|| format!("the {what} can't be made"))?.rows_affected();
        say(&line(what, Some(rows), step));
    }
    // So that foreign keys are checked by the right kind of join.
    for table in TABLES {
        transaction.execute(AssertSqlSafe(format!("ANALYZE {table}"))).await?;
    }
    bulk.give_back(&mut transaction, |what, step| say(&line(what, None, step))).await?;
    let step = Instant::now();
    transaction.commit().await?;
    say(&line("commit", None, step));

    let step = Instant::now();
    for table in TABLES {
        owner.execute(AssertSqlSafe(format!("VACUUM (ANALYZE) {table}"))).await?;
    }
    say(&line("vacuum and analyze", None, step));
    let size: String =
        sqlx::query_scalar("SELECT pg_size_pretty(pg_database_size(current_database()))").fetch_one(owner).await?;
    say(&format!("Done in {} s; the database has {size}.", began.elapsed().as_secs()));
    Ok(())
}

fn line(what: &str, rows: Option<u64>, began: Instant) -> String {
    let rows = rows.map(|rows| rows.to_string()).unwrap_or_default();
    format!("{what:<44} {rows:>10} {:>7} ms", began.elapsed().as_millis())
}
