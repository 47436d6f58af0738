//! Edits: while learners enrol, of an instructor's name, and what one writes.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use axum::body::Bytes;
use serde_json::json;
use uuid::Uuid;

use super::crowd::{Gathered, call, new_course};
use super::hot_rows::{CALLS, CLIENTS, Enrolling};
use super::percentile;
use super::replay::Replay;
use crate::scale::school::{Learner, School};

/// Edits whose HOT share and WAL are counted.
const EDITS: usize = 200;

pub async fn measure(school: &School<'_>, crowd: &Gathered) -> Result<()> {
    println!("\n{:<60} {:>6} {:>9} {:>9} {:>7}", "edits", "calls", "p50 ms", "p99 ms", "errors");
    let other = new_course(school, &crowd.administrator, "published").await?;
    for (name, edits_other) in
        [("PATCH a course in which 64 clients enrol", false), ("PATCH another course meanwhile", true)]
    {
        let recorded = new_course(school, &crowd.administrator, "published").await?;
        let crowded = new_course(school, &crowd.administrator, "published").await?;
        let enrolling = Enrolling::record(school, recorded).await?;
        let replay = enrolling.replay(&format!("'{crowded}'::uuid"), CLIENTS, CALLS);
        let mut calls = Calls::default();
        let mut enrolment = std::pin::pin!(replay.run(school));
        loop {
            let edited = if edits_other { other } else { crowded };
            let event = patch(edited, &crowd.administrator, calls.took.len() + calls.errors);
            tokio::select! {
                done = &mut enrolment => {
                    done?;
                    break;
                }
                call = calls.make(school, "courses", &event) => call?,
            }
        }
        calls.tell(name);
    }
    for (name, instructor) in [
        ("rename an instructor of many courses", &crowd.instructor),
        ("rename an instructor of no course", &school.user("instructor").await?),
    ] {
        let mut calls = Calls::default();
        for n in 0..5 {
            let event = call("PATCH", "/v1/me", instructor, Some(&json!({ "first_name": format!("Name {n}") })));
            calls.make(school, "profile", &event).await?;
        }
        calls.tell(name);
    }
    written(school, crowd, other).await
}

fn patch(course: Uuid, editor: &Learner, n: usize) -> Bytes {
    let path = format!("/v1/courses/{course}");
    call("PATCH", &path, editor, Some(&json!({ "title": format!("Corrected {n}") })))
}

/// How long calls took that succeeded, in milliseconds, and how many failed.
#[derive(Default)]
struct Calls {
    took: Vec<f64>,
    errors: usize,
}

impl Calls {
    async fn make(&mut self, school: &School<'_>, function: &str, event: &Bytes) -> Result<()> {
        let begun = Instant::now();
        if school.call(function, event).await? < 300 {
            self.took.push(begun.elapsed().as_secs_f64() * 1e3);
        } else {
            self.errors += 1;
        }
        Ok(())
    }

    fn tell(mut self, name: &str) {
        self.took.sort_by(f64::total_cmp);
        let (calls, errors) = (self.took.len() + self.errors, self.errors);
        let (p50, p99) = (percentile(&self.took, 50), percentile(&self.took, 99));
        println!("{name:<60} {calls:>6} {p50:>9.1} {p99:>9.1} {errors:>7}");
    }
}

/// Edits by one client: how many update no index (HOT), and the WAL of each.
async fn written(school: &School<'_>, crowd: &Gathered, course: Uuid) -> Result<()> {
    let events = [patch(course, &crowd.administrator, 1_000_001), patch(course, &crowd.administrator, 1_000_002)];
    let statements = school.statements("courses", &events).await?;
    let replay = Replay {
        statements: &statements,
        varying: BTreeMap::from([("Corrected 1000002".to_owned(), "title")]),
        rows: format!("SELECT n, 'Written ' || n AS title FROM generate_series(1, {EDITS}) AS n"),
        clients: 1,
        calls: EDITS,
    };
    let counted = "SELECT n_tup_upd, n_tup_hot_upd, pg_current_wal_lsn() - '0/0' FROM pg_stat_user_tables WHERE relname = 'courses'";
    let counts = async || -> Result<(i64, i64, sqlx::types::Decimal)> {
        Ok(sqlx::query_as(counted).fetch_one(&mut school.owner().await?).await?)
    };
    school.prepare(&["VACUUM courses", "CHECKPOINT"]).await?;
    replay.run(school).await?; // its full-page images are not the edits' own
    let before = counts().await?;
    let figures = replay.run(school).await?;
    let after = counts().await?; // pgbench's connection has ended and given its counts
    let (updates, hot) = (after.0 - before.0, after.1 - before.1);
    let wal = (after.2 - before.2) / sqlx::types::Decimal::from(EDITS);
    println!(
        "edit a course's title: {:.2} ms, {hot} of {updates} updates of courses are HOT, {wal:.0} bytes of WAL an edit",
        figures.p50
    );
    Ok(())
}
