//! What a call's reads cost the first and the tenth time on one connection: from the sixth time on Postgres may take a
//! plan that suits every value, which can be far worse for the values at hand.

use anyhow::{Context, Result};
use axum::body::Bytes;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::crowd::{Gathered, call};
use crate::scale::recording::Statement;
use crate::scale::school::School;

const TIMES: usize = 10;

pub async fn measure(school: &School<'_>, crowd: &Gathered) -> Result<()> {
    println!("\n{:<46} {:^21}   {:^21}", "", "first time", "tenth time");
    let columns = format!("{:>10} {:>10}", "buffers", "ms");
    println!("{:<46} {columns}   {columns}   tenth ÷ first", "reads of a call");
    let roster = format!("/v1/courses/{}/enrollments", crowd.course);
    let deep = deep_page(school, crowd, &roster).await?;
    let cases = [
        ("roster, page 1", "enrollments", format!("{roster}?limit=20")),
        ("roster, deep page", "enrollments", deep),
        ("roster, rare q", "enrollments", format!("{roster}?q=xenophilius")),
        ("roster, status=completed (nobody)", "enrollments", format!("{roster}?status=completed")),
        ("report of the crowded course", "reports", format!("/v1/courses/{}/report", crowd.course)),
        ("audit log, rare action", "audit-logs", "/v1/audit-logs?action=course.rare".to_owned()),
        ("audit log, resource_id", "audit-logs", format!("/v1/audit-logs?resource_id={}", crowd.rare_resource)),
        ("audit log, resource_type nobody has", "audit-logs", "/v1/audit-logs?resource_type=unknown".to_owned()),
        ("users, role=admin", "users", "/v1/users?role=admin".to_owned()),
        ("users, is_active=false", "users", "/v1/users?is_active=false".to_owned()),
        ("users, deleted=true", "users", "/v1/users?deleted=true".to_owned()),
        ("list of courses, unknown tag", "courses", "/v1/courses?tag=unknown".to_owned()),
    ];
    for (name, function, path) in cases {
        let event = get(&path, crowd);
        if school.call(function, &event).await? >= 300 {
            println!("{name:<46} refused, or over the statement's time limit");
            continue;
        }
        let statements = school.statements(function, &[event.clone(), event]).await?;
        let costs = repeat(school, &statements).await.with_context(|| name.to_owned())?;
        let (Some(first), Some(tenth)) = (costs.first(), costs.last()) else { continue };
        let ratio = tenth.buffers / first.buffers.max(1.0);
        println!("{name:<46} {}   {}   {ratio:>13.2}", first.cells(), tenth.cells());
    }
    Ok(())
}

fn get(path: &str, crowd: &Gathered) -> Bytes {
    call("GET", path, &crowd.administrator, None)
}

/// The path of a page that begins after most of the roster.
async fn deep_page(school: &School<'_>, crowd: &Gathered, roster: &str) -> Result<String> {
    let learners: i64 = sqlx::query_scalar("SELECT count(*) FROM enrollments WHERE course_id = $1")
        .bind(crowd.course)
        .fetch_one(&mut school.owner().await?)
        .await?;
    let mut path = format!("{roster}?limit=100");
    for _ in 0..learners * 9 / 1_000 {
        let page = school.ask("enrollments", &get(&path, crowd)).await?;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{roster}?limit=100&cursor={cursor}");
    }
    Ok(path.replace("limit=100", "limit=20"))
}

/// What the reads of one call cost.
#[derive(Default, Clone, Copy)]
struct Cost {
    buffers: f64,
    milliseconds: f64,
}

impl Cost {
    fn cells(self) -> String {
        format!("{:>10.0} {:>10.2}", self.buffers, self.milliseconds)
    }
}

/// Repeats the statements of a call on one connection of the application, and explains its reads.
async fn repeat(school: &School<'_>, statements: &[Statement]) -> Result<Vec<Cost>> {
    let url = school.cluster.url(lyceum::db::APPLICATION_ROLE, &school.name);
    let mut connection = PgConnection::connect(&url).await?;
    connection.execute("SET statement_timeout = '60s'").await?; // to see how long it would be
    let mut executions = Vec::new();
    for (number, statement) in statements.iter().enumerate() {
        let is_read = ["SELECT", "WITH"].iter().any(|word| statement.sql.trim_start().starts_with(word));
        if is_read {
            let prepare = format!("PREPARE bench_{number} AS {}", statement.sql);
            connection.execute(AssertSqlSafe(prepare.clone())).await.context(prepare)?;
            let values = statement.parameters.iter().map(|value| match value {
                Some(value) => format!("'{}'", value.replace('\'', "''")),
                None => "NULL".to_owned(),
            });
            let values = values.collect::<Vec<_>>().join(", ");
            let values = if values.is_empty() { values } else { format!("({values})") };
            executions.push((true, format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE bench_{number}{values}")));
        } else if !statement.sql.starts_with("INSERT") && !statement.sql.starts_with("UPDATE") {
            executions.push((false, statement.sql.clone())); // BEGIN, SET LOCAL, COMMIT
        }
    }
    let mut costs = Vec::new();
    for _ in 0..TIMES {
        let mut cost = Cost::default();
        for (is_read, sql) in &executions {
            if *is_read {
                let plan: Value = sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_one(&mut connection).await?;
                let number = |name: &str| plan[0]["Plan"][name].as_f64().unwrap_or_default();
                cost.buffers += number("Shared Hit Blocks") + number("Shared Read Blocks");
                cost.milliseconds += plan[0]["Execution Time"].as_f64().unwrap_or_default()
                    + plan[0]["Planning Time"].as_f64().unwrap_or_default();
            } else {
                connection.execute(AssertSqlSafe(sql.clone())).await?;
            }
        }
        costs.push(cost);
    }
    Ok(costs)
}
