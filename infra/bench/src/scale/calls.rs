//! What is measured.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use serde_json::{Value, json};

use super::pgbench;
use super::recording::{self, Statement};
use super::school::{Learner, School, Target, event};
use crate::measure::Run;

/// A call, and the same statements without a function.
pub struct Measured {
    pub name: String,
    pub function: Duration,
    pub pgbench: Duration,
}

/// Function and pgbench take turns, and the best turn of each counts: what else runs on the machine makes turns worse,
/// and none better.
const TURNS: usize = 5;

/// Pages have 20 items; page 1,000 begins after so many.
const DEEP: usize = 999 * 20;

pub async fn measure(school: &School<'_>, calls: u32) -> Result<Vec<Measured>> {
    println!("\n{}: {calls} calls of each kind", school.name);
    let learner = school.sign_in("learner-1@seed.test").await?;
    let page = school.ask("courses", &get("/v1/courses?limit=1", None)).await?;
    let text = |name: &str| page["data"][0][name].as_str().map(ToOwned::to_owned).context("an empty catalogue");
    let (id, slug) = (text("id")?, text("slug")?);
    let mut reads = vec![
        ("course by slug".to_owned(), "courses", get(&format!("/v1/courses/{slug}"), None)),
        ("outline".to_owned(), "courses", get(&format!("/v1/courses/{id}/outline"), None)),
        ("my enrolments".to_owned(), "enrollments", get("/v1/me/enrollments", Some(&learner))),
    ];
    for sort in ["newest", "-newest", "title", "-title", "price", "-price", "popular", "-popular"] {
        let list = format!("/v1/courses?sort={sort}");
        let deep = format!("{list}&cursor={}", deep_cursor(school, &list).await?);
        reads.push((format!("list by {sort}, page 1"), "courses", get(&list, None)));
        reads.push((format!("list by {sort}, deep page"), "courses", get(&deep, None)));
    }
    let filtered = "/v1/courses?category=seed-databases&difficulty_level=beginner&sort=title";
    reads.push(("list, filtered, by title".to_owned(), "courses", get(filtered, None)));

    let mut measured = Vec::new();
    for (name, function, event) in reads {
        let statements = recording::statements(school, function, &[event.clone(), event.clone()]).await?;
        let (mut best, mut bare) = (Duration::MAX, Duration::MAX);
        for _ in 0..TURNS {
            let mut took = run(school, function, &event, &vec![event.clone(); usize::try_from(calls)? / TURNS]).await?;
            took.sort_unstable();
            best = best.min(took.get(took.len() / 2).copied().unwrap_or(Duration::MAX));
            bare = bare.min(pgbench::read(school, &statements, u32::try_from(usize::try_from(calls)? / TURNS)?)?);
        }
        measured.push(tell(Measured { name, function: best, pgbench: bare }));
    }
    measured.extend(writes(school, calls).await?);
    Ok(measured)
}

/// One learner enrols in courses and completes their first lessons, through the functions; another by pgbench.
async fn writes(school: &School<'_>, calls: u32) -> Result<Vec<Measured>> {
    let (one, other) = (school.learner().await?, school.learner().await?);
    let targets = school.targets(calls + 2).await?;
    let (recorded, counted) = targets.split_at(2);
    make_targets(school, counted).await?;
    let enroll = |target: &Target| {
        event("POST", &format!("/v1/courses/{}/enrollments", target.course), Some(&one), Some(&json!({})))
    };
    let complete = |target: &Target| {
        event("PUT", &format!("/v1/lessons/{}/completion", target.lesson), Some(&one), Some(&json!({})))
    };
    let mut measured = Vec::new();
    for (name, function, event) in
        [("enrol", "enroll", &enroll as &dyn Fn(&Target) -> Bytes), ("complete a lesson", "complete-lesson", &complete)]
    {
        let warm: Vec<_> = recorded.iter().map(event).collect();
        let statements = recording::statements(school, function, &warm).await?;
        let varying = varying(&statements, recorded.last().context("no targets")?);
        let statements = of_another(statements, &one, &other);
        let (mut best, mut bare) = (Duration::MAX, Duration::MAX);
        for (turn, counted) in counted.chunks_exact(counted.len() / TURNS).enumerate() {
            let events: Vec<_> = counted.iter().map(event).collect();
            let of_pgbench = || pgbench::write(school, &statements, &varying, turn * counted.len(), counted.len());
            // Whoever is first brings the courses' pages into memory, for the other, too.
            let pgbench_is_first = turn % 2 == 1;
            if pgbench_is_first {
                bare = bare.min(of_pgbench()?);
            }
            let took = run(school, function, warm.last().context("no targets")?, &events).await?;
            best = best.min(took.iter().sum::<Duration>() / u32::try_from(took.len())?);
            if !pgbench_is_first {
                bare = bare.min(of_pgbench()?);
            }
        }
        measured.push(tell(Measured { name: name.to_owned(), function: best, pgbench: bare }));
    }
    Ok(measured)
}

/// The values of a recorded write that each call has its own of: what it names, and the ids that it makes.
fn varying(statements: &[Statement], target: &Target) -> BTreeMap<String, &'static str> {
    let mut varying = BTreeMap::from([(target.course.to_string(), "course"), (target.lesson.to_string(), "lesson")]);
    for Statement { sql, parameters } in statements {
        let made = if sql.contains("INSERT INTO enrollments") {
            "enrollment"
        } else if sql.contains("INSERT INTO lesson_completions") {
            if let Some(Some(enrollment)) = parameters.get(3) {
                varying.insert(enrollment.clone(), "enrollment");
            }
            "completion"
        } else if sql.contains("INSERT INTO audit_logs") {
            "audit"
        } else {
            continue;
        };
        if let Some(Some(id)) = parameters.first() {
            varying.insert(id.clone(), made);
        }
    }
    varying
}

fn of_another(mut statements: Vec<Statement>, one: &Learner, other: &Learner) -> Vec<Statement> {
    for value in statements.iter_mut().flat_map(|statement| statement.parameters.iter_mut()).flatten() {
        if *value == one.id {
            value.clone_from(&other.id);
        }
    }
    statements
}

/// What pgbench takes for what each call has its own of.
async fn make_targets(school: &School<'_>, targets: &[Target]) -> Result<()> {
    let mut owner = school.owner().await?;
    for statement in [
        "DROP TABLE IF EXISTS bench_targets",
        "CREATE TABLE bench_targets (n INT PRIMARY KEY, course UUID, lesson UUID, enrollment UUID DEFAULT gen_random_uuid(),
           completion UUID DEFAULT gen_random_uuid(), audit UUID DEFAULT gen_random_uuid())",
        "GRANT SELECT ON bench_targets TO lyceum_app",
    ] {
        sqlx::query(statement).execute(&mut owner).await?;
    }
    let courses: Vec<_> = targets.iter().map(|target| target.course).collect();
    let lessons: Vec<_> = targets.iter().map(|target| target.lesson).collect();
    sqlx::query(
        "INSERT INTO bench_targets (n, course, lesson)
         SELECT n, course, lesson FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS t (course, lesson, n)",
    )
    .bind(courses)
    .bind(lessons)
    .execute(&mut owner)
    .await?;
    Ok(())
}

/// How long each call takes, in one warm process.
async fn run(school: &School<'_>, function: &str, warm: &Bytes, events: &[Bytes]) -> Result<Vec<Duration>> {
    let mut run = Run::start(function, &school.program(function)?, &school.folder.join("scale.log")).await?;
    run.answered(warm).await?;
    let mut took = Vec::new();
    for event in events {
        took.push(run.answered(event).await?);
    }
    run.stop().await?;
    Ok(took)
}

/// The cursor of page 1,000, or of the last 20 of a shorter list.
async fn deep_cursor(school: &School<'_>, list: &str) -> Result<String> {
    let before = DEEP.min(school.listed().await?.saturating_sub(20));
    let (mut cursor, mut seen) = (String::new(), 0);
    while seen < before {
        let limit = (before - seen).min(100);
        let from = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let page = school.ask("courses", &get(&format!("{list}&limit={limit}{from}"), None)).await?;
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
        seen += limit;
    }
    Ok(cursor)
}

fn get(path: &str, learner: Option<&Learner>) -> Bytes {
    event("GET", path, learner, None::<&Value>)
}

fn tell(measured: Measured) -> Measured {
    let Measured { name, function, pgbench } = &measured;
    println!("  {name:<32} {function:>10.3?} {pgbench:>10.3?}");
    measured
}
