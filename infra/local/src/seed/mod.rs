//! `cargo run -- seed`: fills the database with a large catalogue and learners, for measurements. One transaction of
//! set-based SQL, so that an interrupted run leaves nothing. The same sizes give the same data. All rules of the
//! platform hold: copies are as the triggers would make them, and percentages equal the recomputed ones.
//!
//! | file | what |
//! | --- | --- |
//! | `plan` | the numbers of rows, and which learner takes which courses |
//! | `statements` | the SQL, one statement per table |
//! | `bulk` | drops indexes and foreign keys while a table is filled |

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

/// Settings for bulk work: large sorts in memory, two workers per index, no wait for the disk at the commit.
const SETTINGS: &str = "SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB';
    SET LOCAL max_parallel_maintenance_workers = 2; SET LOCAL synchronous_commit = off;
    SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0; SET LOCAL jit = off;";

/// The tables that are filled, parents before children.
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
/// The tables whose indexes are cheaper to build after all rows are inserted.
const LARGE: [&str; 5] = ["course_search", "sections", "lessons", "enrollments", "lesson_completions"];

/// Adds data of the given sizes to the database. Reports each step through `say`. The database must not be used
/// meanwhile.
///
/// # Errors
/// Fails in production, when the database was seeded before, when the sizes are not valid, or when the database fails.
pub async fn seed(owner_url: &str, sizes: Sizes, say: impl Fn(&str)) -> Result<()> {
    if demo::is_refused() {
        bail!("LYCEUM_ENV is production: made-up learners can't be added");
    }
    let plan = Plan::new(sizes)?;
    // Statements that take minutes are expected here.
    let options: PgConnectOptions = owner_url.parse()?;
    let connection = options.disable_statement_logging().connect().await;
    let owner = &mut connection.context("the database does not answer")?;
    let role: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(lyceum::db::APPLICATION_ROLE)
        .fetch_one(&mut *owner)
        .await?;
    if !role {
        lyceum::db::provision(owner, None).await.context("the given role can't create roles")?;
    }
    lyceum::db::migrate(owner).await.context("the migrations failed")?;
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
    let bulk = Bulk::drop_all(&mut transaction, &LARGE).await?;
    for Statement { what, sql } in statements::all() {
        let step = Instant::now();
        let rows = plan.bind(sqlx::query(AssertSqlSafe(sql)), &password).execute(&mut *transaction).await;
        let rows = rows.with_context(|| format!("cannot create the {what}"))?.rows_affected();
        say(&line(what, Some(rows), step));
    }
    // So that the planner checks foreign keys by the right kind of join.
    for table in TABLES {
        transaction.execute(AssertSqlSafe(format!("ANALYZE {table}"))).await?;
    }
    bulk.restore(&mut transaction, |what, step| say(&line(what, None, step))).await?;
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
    say(&format!("Done in {} s. The size of the database is {size}.", began.elapsed().as_secs()));
    Ok(())
}

fn line(what: &str, rows: Option<u64>, began: Instant) -> String {
    let rows = rows.map(|rows| rows.to_string()).unwrap_or_default();
    format!("{what:<44} {rows:>10} {:>7} ms", began.elapsed().as_millis())
}
