//! Reads what each list costs where the data are as uneven as they get: a course with most of the learners, a learner in every
//! course, an instructor of most courses, rare names, roles, statuses and actions. Postgres makes another plan of a statement
//! from its sixth call on a connection; neither plan may read more than a page needs, and neither costs more than the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use lyceum_local::seed::{Sizes, seed};
use serde_json::Value;
use sqlx::Executor;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{LOG, explain, fault, log_size, nodes, plans};
use crate::harness::{Caller, DATABASES, Lyceum};

const SIZES: Sizes = Sizes { courses: 1_000, users: 400, completions: 8_000 };

/// What a statement may read beyond twice its first cost, in buffers: the pages above the leaves of a small index.
const SLACK: i64 = 20;

const SKEW: [&str; 9] = [
    "INSERT INTO users (email, username, password_hash, first_name, last_name, role_id, is_email_verified, is_active, deleted_at, created_at)
     SELECT 'crowd-' || n || '@seed.test', 'crowd-' || n, 'none', CASE WHEN n = 19990 THEN 'Zbigniew' ELSE 'Ann' END, 'Common', r.id, true,
       n % 6000 <> 0, CASE WHEN n % 7000 = 0 THEN now() END, '2026-11-20'::timestamptz - n * interval '1 second'
     FROM generate_series(1, 20000) AS n, roles r WHERE r.name = 'student'",
    "UPDATE courses SET instructor_id = (SELECT id FROM users WHERE username = 'instructor-1') WHERE status <> 'draft'",
    "INSERT INTO enrollments (user_id, course_id, status, created_at)
     SELECT u.id, (SELECT id FROM courses c WHERE is_listed(c) ORDER BY created_at, id LIMIT 1),
       CASE WHEN u.username IN ('crowd-19000', 'crowd-19500') THEN 'dropped' ELSE 'active' END, u.created_at
     FROM users u WHERE u.username LIKE 'crowd-%'",
    "INSERT INTO enrollments (user_id, course_id, status, created_at)
     SELECT u.id, c.id, CASE WHEN row_number() OVER (ORDER BY c.created_at) < 3 THEN 'dropped' ELSE 'active' END, c.created_at
     FROM users u, courses c WHERE u.username = 'learner-1' ON CONFLICT DO NOTHING",
    "INSERT INTO sessions (user_id, expires_at, ended_at, created_at)
     SELECT u.id, now() + interval '30 days', CASE WHEN n > 10 THEN now() END, '2026-11-20'::timestamptz + n * interval '1 second'
     FROM users u, generate_series(1, 5000) AS n WHERE u.username = 'learner-1'",
    "INSERT INTO audit_logs (user_id, action, resource_type, resource_id, created_at)
     SELECT user_id, 'enrollment.create', 'enrollment', id, created_at FROM enrollments",
    "INSERT INTO audit_logs (action, resource_type, resource_id, created_at)
     SELECT 'role.create', 'role', id, '2026-11-02' FROM roles",
    "INSERT INTO uploads (lesson_id, course_id, uploaded_by, kind, status, file_name, content_type, size_bytes, storage_path)
     SELECT l.id, s.course_id, c.instructor_id, 'document', 'ready', 'a.pdf', 'application/pdf', 5, 'media/' || l.id
     FROM lessons l JOIN sections s ON s.id = l.section_id JOIN courses c ON c.id = s.course_id",
    "ANALYZE",
];

/// The indexes of names. A scan of theirs reads all matches of a common name before the statement's `LIMIT` stops it; 20,000
/// matches are some pages of compressed row numbers, so these scans are judged by buffers.
const NAME_INDEXES: [&str; 2] = ["users_names_idx", "users_folded_idx"];
const MOST_NAME_BUFFERS: i64 = 100;

async fn skewed() -> Arc<Lyceum> {
    let lyceum = Lyceum::new().await;
    seed(&lyceum.owner_url, SIZES, |_| ()).await.unwrap();
    for statement in SKEW {
        lyceum.database.execute(statement).await.unwrap();
    }
    lyceum
}

/// The cursor of the row that the query finds.
async fn cursor(lyceum: &Lyceum, row: &'static str) -> String {
    let keys: (DateTime<Utc>, Uuid) = sqlx::query_as(row).fetch_one(&lyceum.database).await.unwrap();
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&keys).unwrap())
}

/// The lists that an administrator, and a learner, ask for.
async fn paths(lyceum: &Lyceum) -> Vec<String> {
    let course: Uuid =
        sqlx::query_scalar("SELECT course_id FROM enrollments GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
            .fetch_one(&lyceum.database)
            .await
            .unwrap();
    let deep = cursor(
        lyceum,
        "SELECT e.created_at, e.id FROM enrollments e JOIN users u ON u.id = e.user_id WHERE u.username = 'crowd-18000'",
    )
    .await;
    let user = cursor(lyceum, "SELECT created_at, id FROM users WHERE username = 'crowd-18000'").await;
    let row = cursor(
        lyceum,
        "SELECT created_at, id FROM audit_logs WHERE created_at < '2026-11-20' ORDER BY 1 LIMIT 1 OFFSET 90",
    )
    .await;
    let resource: Uuid =
        sqlx::query_scalar("SELECT id FROM roles ORDER BY id LIMIT 1").fetch_one(&lyceum.database).await.unwrap();
    let roster = format!("/v1/courses/{course}/enrollments?limit=100");
    vec![
        roster.clone(),
        format!("{roster}&cursor={deep}"),
        format!("{roster}&status=active&cursor={deep}"),
        format!("{roster}&status=dropped"),
        format!("{roster}&q=zbigniew"),
        format!("{roster}&q=zbigniew&status=active"),
        format!("{roster}&q=common"),
        format!("{roster}&q=common&cursor={deep}"),
        format!("{roster}&q=seed.test"),
        "/v1/users?limit=100".to_owned(),
        format!("/v1/users?limit=100&cursor={user}"),
        "/v1/users?limit=100&role=admin".to_owned(),
        format!("/v1/users?limit=100&role=student&cursor={user}"),
        "/v1/users?limit=100&is_active=false".to_owned(),
        "/v1/users?limit=100&is_active=false&role=student".to_owned(),
        "/v1/users?limit=100&deleted=true".to_owned(),
        "/v1/users?limit=100&deleted=true&role=instructor".to_owned(),
        "/v1/users?limit=100&q=zbigniew".to_owned(),
        "/v1/users?limit=100&q=common".to_owned(),
        format!("/v1/users?limit=100&q=common&role=student&cursor={user}"),
        "/v1/audit-logs?limit=100".to_owned(),
        format!("/v1/audit-logs?limit=100&cursor={row}"),
        "/v1/audit-logs?limit=100&action=role.create".to_owned(),
        "/v1/audit-logs?limit=100&action=enrollment.create".to_owned(),
        "/v1/audit-logs?limit=100&resource_type=role".to_owned(),
        format!("/v1/audit-logs?limit=100&resource_id={resource}"),
        format!("/v1/audit-logs?limit=100&resource_type=role&resource_id={resource}"),
        "/v1/roles".to_owned(),
        "/v1/categories?limit=100".to_owned(),
        "/v1/tags?prefix=topic".to_owned(),
        "/v1/courses?limit=100&sort=title".to_owned(),
        "/v1/courses?limit=100&language=fr".to_owned(),
    ]
}

fn text(plan: &Value) -> String {
    plan["Query Text"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns why the node reads too much, if it does.
fn fault_of(node: &Value, rows: &BTreeMap<String, i64>) -> Option<String> {
    if node["Index Name"].as_str().is_some_and(|index| NAME_INDEXES.contains(&index)) {
        let read = buffers(node);
        return (read > MOST_NAME_BUFFERS).then(|| format!("reads {read} buffers of {}", node["Index Name"]));
    }
    fault(node, rows)
}

fn buffers(node: &Value) -> i64 {
    let number = |name: &str| node[name].as_i64().unwrap_or_default();
    number("Shared Hit Blocks") + number("Shared Read Blocks")
}

/// Calls the path ten times, and returns what any call read too much, and where the tenth costs more than the first.
async fn faults_of(caller: &Caller, path: &str, rows: &BTreeMap<String, i64>) -> Vec<String> {
    let (mut first, mut faults) = (BTreeMap::new(), Vec::new());
    for call in 0..10 {
        let from = log_size().await;
        caller.get(path).await.ok();
        let mut now = BTreeMap::<_, i64>::new();
        for plan in plans(from).await {
            let of_plan = nodes(&plan["Plan"]).into_iter().filter_map(|node| fault_of(node, rows));
            faults.extend(of_plan.map(|fault| format!("{path} {fault}: {}", text(&plan))));
            *now.entry(text(&plan)).or_default() += buffers(&plan["Plan"]);
        }
        assert!(!now.is_empty(), "{path} left no plan");
        if call == 0 {
            first = now;
        } else {
            for (statement, cost) in now {
                let before = first.get(&statement).copied().unwrap_or(cost);
                if cost > 2 * before + SLACK {
                    faults.push(format!("{path} costs {cost} buffers instead of {before}: {statement}"));
                }
            }
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

async fn faults_with(plan_cache_mode: &str) -> Vec<String> {
    static ORIGINAL: OnceCell<Arc<Lyceum>> = OnceCell::const_new();
    let _alone = LOG.lock().await;
    let original = ORIGINAL.get_or_init(skewed).await;
    let copy = DATABASES.copy(&original.database_name).await;
    let lyceum = Lyceum::over(copy, |name| (name == "DATABASE_MAX_CONNECTIONS").then(|| "1".to_owned())).await;
    explain(&lyceum, plan_cache_mode).await; // before the first connection, which reads these settings
    let admin = lyceum.admin().await;
    let learner = lyceum.known("learner-1").await;
    let rows = sqlx::query_as("SELECT relname::text, greatest(reltuples, 0)::bigint FROM pg_class WHERE relkind = 'r'");
    let rows = rows.fetch_all(&lyceum.database).await.unwrap().into_iter().collect();
    let mut faults = Vec::new();
    for path in paths(&lyceum).await {
        faults.extend(faults_of(&admin, &path, &rows).await);
    }
    for path in ["/v1/me/sessions", "/v1/me/enrollments?status=active", "/v1/me/enrollments"] {
        faults.extend(faults_of(&learner, path, &rows).await);
    }
    faults
}

#[tokio::test]
async fn the_tenth_call_on_a_connection_costs_what_the_first_did() {
    let faults = faults_with("auto").await;
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[tokio::test]
async fn a_plan_that_is_made_for_its_values_reads_no_more_than_a_page() {
    let faults = faults_with("force_custom_plan").await;
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[tokio::test]
async fn a_plan_that_is_made_for_all_values_reads_no_more_than_a_page() {
    let faults = faults_with("force_generic_plan").await;
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
