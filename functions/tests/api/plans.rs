//! The plans of all statements that the hot paths send, on 10,000 courses with 2,000 users and 100,000 completions: none
//! reads a whole table that grows, none sorts on disk, and none reads more rows than a page is made of, whatever the
//! table's size. The statements are those that the functions really send: `auto_explain` notes each one's plan, with
//! the rows that it read, in the server's log. The planner is set as everywhere: its own defaults, but for the price of a
//! page that is not the next one (1.1), which `db::provision` gives the application's role.

mod skewed;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use lyceum_local::seed::{Sizes, seed};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::Mutex;

use crate::harness::{Caller, Lyceum, cluster};

/// Held by the test whose plans are in the log: all databases of the cluster write into one.
static LOG: Mutex<()> = Mutex::const_new(());

const SIZES: Sizes = Sizes { courses: 10_000, users: 2_000, completions: 100_000 };

/// What a table may have before reading all of it is a fault: those that a school has a handful of rows in stay small.
const SMALL: i64 = 1_000;
/// What one step of a plan may read: a page of 100 with the lessons of its courses, a thousand candidates.
const MOST_ROWS: i64 = 2_500;

/// Has every statement that the functions send in this database leave its plan in the log.
async fn explain(lyceum: &Lyceum, plan_cache_mode: &str) {
    let database: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&lyceum.database).await.unwrap();
    let mut superuser = PgConnection::connect(&cluster().await.url("postgres", "postgres")).await.unwrap();
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_buffers = on",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_format = json",
    ] {
        let set = format!("ALTER ROLE lyceum_app IN DATABASE {database} SET {setting}");
        superuser.execute(AssertSqlSafe(set)).await.unwrap();
    }
    let set = format!("ALTER ROLE lyceum_app IN DATABASE {database} SET plan_cache_mode = {plan_cache_mode}");
    superuser.execute(AssertSqlSafe(set)).await.unwrap();
}

/// A Lyceum whose every statement leaves its plan in the log.
async fn explained(plan_cache_mode: &str) -> Arc<Lyceum> {
    let lyceum = Lyceum::new().await;
    explain(&lyceum, plan_cache_mode).await;
    seed(&lyceum.owner_url, SIZES, |_| ()).await.unwrap();
    // Tables that grow by what people do all day.
    for statement in [
        "INSERT INTO sessions (user_id, expires_at) SELECT id, now() + interval '30 days' FROM users, generate_series(1, 2)",
        "INSERT INTO refresh_tokens (token, session_id, expires_at) SELECT 'seed-' || id, id, now() + interval '30 days' FROM sessions",
        "INSERT INTO audit_logs (user_id, action, resource_type, resource_id, created_at)
         SELECT user_id, 'enrollment.create', 'enrollment', id, created_at FROM enrollments",
        "INSERT INTO outbox (purpose, user_id, due_at, delivered_at) SELECT 'verify-email', id, now(), now() FROM users",
        "INSERT INTO idempotency_keys (user_id, route, key, request, status, headers, body, expires_at)
         SELECT id, '/v1/courses', id::text, '', 201, '{}', '', now() + interval '1 day' FROM users",
        "INSERT INTO uploads (lesson_id, course_id, uploaded_by, kind, status, file_name, content_type, size_bytes, storage_path, freed_at)
         SELECT l.id, s.course_id, c.instructor_id, 'document', 'ready', 'a.pdf', 'application/pdf', 5, 'media/' || l.id, '2026-11-01'
         FROM lessons l JOIN sections s ON s.id = l.section_id JOIN courses c ON c.id = s.course_id",
        "ANALYZE",
    ] {
        lyceum.database.execute(statement).await.unwrap();
    }
    lyceum
}

/// The length of the server's log by now, in bytes.
async fn log_size() -> u64 {
    std::fs::metadata(cluster().await.location().join("server.log")).unwrap().len()
}

/// Returns the plans in the log of the server behind its first `from` bytes, with their statements.
async fn plans(from: u64) -> Vec<Value> {
    let mut file = File::open(cluster().await.location().join("server.log")).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    let mut log = String::new();
    file.read_to_string(&mut log).unwrap();
    let mut plans = Vec::new();
    let mut lines = log.lines();
    while lines.any(|line| line.ends_with(" plan:")) {
        let plan: Vec<_> = lines.by_ref().take_while(|line| *line != "\t}").collect();
        plans.push(serde_json::from_str(&format!("{}}}", plan.concat())).unwrap());
    }
    plans
}

/// Each node of the plan.
fn nodes(plan: &Value) -> Vec<&Value> {
    let below = plan["Plans"].as_array().into_iter().flatten().flat_map(nodes);
    std::iter::once(plan).chain(below).collect()
}

fn fault(node: &Value, rows: &BTreeMap<String, i64>) -> Option<String> {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let kind = node["Node Type"].as_str().unwrap();
    let table = node["Relation Name"].as_str().unwrap_or_default();
    if kind == "Seq Scan" && rows.get(table).is_some_and(|rows| *rows > SMALL) {
        return Some(format!("reads all of {table}"));
    }
    if node["Sort Space Type"] == "Disk" {
        return Some("sorts on disk".to_owned());
    }
    let of_each = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
    #[expect(clippy::cast_possible_truncation, reason = "far below what an i64 holds")]
    let read = (of_each * number("Actual Loops")) as i64;
    let of_storage = node.get("Relation Name").or(node.get("Index Name")).is_some();
    (of_storage && read > MOST_ROWS).then(|| format!("reads {read} rows of {table} ({kind})"))
}

/// Calls the first ten pages of a list.
async fn page_through(caller: &Caller, path: &str) {
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut next = format!("{path}{separator}limit=100");
    for _ in 0..10 {
        let page = caller.get(&next).await.ok();
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{path}{separator}limit=100&cursor={cursor}");
    }
}

#[tokio::test]
async fn no_statement_of_a_hot_path_reads_what_grows_with_a_plan_for_its_values() {
    call_hot_paths("force_custom_plan").await;
}

#[tokio::test]
async fn no_statement_of_a_hot_path_reads_what_grows_with_a_plan_for_all_values() {
    call_hot_paths("force_generic_plan").await;
}

async fn call_hot_paths(plan_cache_mode: &str) {
    let _alone = LOG.lock().await;
    let from = log_size().await;
    let lyceum = explained(plan_cache_mode).await;
    let (anyone, admin, student) = (lyceum.anonymous(), lyceum.admin().await, lyceum.student().await);
    let instructor = lyceum.known("instructor-1").await;
    let learner = lyceum.known("learner-1").await;

    // Finding.
    for sort in ["newest", "-newest", "title", "-title", "price", "-price", "popular", "-popular"] {
        page_through(&anyone, &format!("/v1/courses?sort={sort}")).await;
        // By price and by popularity the planner may read past the courses of other categories: more rows than a page's,
        // however large the table, and as many times more as there are categories.
        if sort.ends_with("newest") || sort.ends_with("title") {
            page_through(&anyone, &format!("/v1/courses?sort={sort}&category=seed-databases")).await;
        }
        page_through(&admin, &format!("/v1/courses?sort={sort}&status=published")).await;
    }
    for words in [
        "thermodynamics",
        "termodynamics",
        "algebra%20or%20optics%20or%20botany",
        "%22for%20beginners%22%20optics",
        "%E8%AF%BE%E7%A8%8B",
    ] {
        for sort in ["relevance", "newest", "title", "-price", "popular"] {
            page_through(&anyone, &format!("/v1/courses?q={words}&sort={sort}")).await;
        }
    }
    page_through(&anyone, "/v1/courses?q=thermodynamics&language=fr&price=free").await;
    page_through(&anyone, "/v1/courses?tag=topic-7").await;
    page_through(&anyone, "/v1/courses?tag=unknown").await;
    page_through(&instructor, "/v1/courses?status=draft").await;
    anyone.get("/v1/courses/facets?q=thermodynamics").await.ok();
    anyone.get("/v1/courses/facets").await.ok();
    page_through(&anyone, "/v1/tags?prefix=topic").await;
    page_through(&anyone, "/v1/categories").await;
    let course = anyone.get("/v1/courses?limit=1").await.ok()["data"][0].clone();
    let (id, slug) = (course["id"].as_str().unwrap(), course["slug"].as_str().unwrap());
    for caller in [&anyone, &student, &admin] {
        for path in [format!("/v1/courses/{id}"), format!("/v1/courses/{slug}"), format!("/v1/courses/{id}/outline")] {
            caller.get(&path).await.ok();
        }
    }
    let category = course["category_id"].as_str().unwrap();
    anyone.get(&format!("/v1/categories/{category}")).await.ok();

    // Learning.
    page_through(&learner, "/v1/me/enrollments").await;
    learner.get("/v1/me/enrollments?status=active").await.ok();
    let mine = learner.get("/v1/me/enrollments").await.ok()["data"][0].clone();
    learner.get(&format!("/v1/enrollments/{}", mine["id"].as_str().unwrap())).await.ok();
    let free = anyone.get("/v1/courses?sort=title&limit=100").await.ok();
    let free = free["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|course| course["price"] == "0.00" && course["visibility"] == "public" && course["id"] != id);
    let path = format!("/v1/courses/{}", free.unwrap()["id"].as_str().unwrap());
    let enrolled = student.with_header("idempotency-key", "k1").post(&format!("{path}/enrollments"), json!({})).await;
    let enrollment = format!("/v1/enrollments/{}", enrolled.is(201).body["id"].as_str().unwrap());
    let outline = student.get(&format!("{path}/outline")).await.ok();
    let lesson = outline["sections"][0]["lessons"][0]["id"].as_str().unwrap();
    student.get(&format!("/v1/lessons/{lesson}")).await.ok();
    student.get(&format!("/v1/lessons/{lesson}/media")).await;
    student.put(&format!("/v1/lessons/{lesson}/completion"), json!({ "time_spent_minutes": 5 })).await.ok();
    student.delete(&format!("/v1/lessons/{lesson}/completion")).await.no_content();
    student.delete(&enrollment).await.no_content();
    student.post(&format!("{path}/enrollments"), json!({})).await.ok();

    // Teaching: a course's own learners, however many learn elsewhere.
    let roster = format!("/v1/courses/{id}/enrollments");
    page_through(&admin, &roster).await;
    page_through(&admin, &format!("{roster}?status=active")).await;
    page_through(&admin, &format!("{roster}?q=learner")).await;
    admin.with_header("accept", "text/csv").get(&roster).await.is(200);
    admin.get(&format!("/v1/courses/{id}/report")).await.ok();

    // Files.
    let file = json!({ "kind": "document", "file_name": "a.pdf", "content_type": "application/pdf", "size_bytes": 5 });
    let upload = admin.post(&format!("/v1/lessons/{lesson}/uploads"), file).await.is(201);
    admin.get(upload.header("location")).await.ok();
    admin.get(&format!("/v1/lessons/{lesson}/media")).await.ok();
    admin.delete(upload.header("location")).await.no_content();

    // Administering.
    page_through(&admin, "/v1/users").await;
    page_through(&admin, "/v1/users?q=learner-17").await;
    page_through(&admin, "/v1/audit-logs?action=enrollment.create").await;
    page_through(&admin, &format!("/v1/audit-logs?user_id={}", learner.id)).await;
    learner.get("/v1/me/sessions").await.ok();
    learner.get("/v1/me/export").await.ok();

    // Writing.
    admin.patch(&path, json!({ "title": "Another title" })).await.ok();
    admin.patch(&format!("/v1/lessons/{lesson}"), json!({ "title": "Another title" })).await.ok();
    admin.post(&format!("{path}/sections"), json!({ "title": "One more" })).await.created();
    student.get("/v1/me").await.ok();

    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT relname::text, greatest(reltuples, 0)::bigint FROM pg_class WHERE relkind = 'r'")
            .fetch_all(&lyceum.database)
            .await
            .unwrap();
    let rows = rows.into_iter().collect();
    let plans = plans(from).await;
    assert!(plans.len() > 200, "{} plans were noted", plans.len());
    let mut faults: Vec<_> = plans
        .iter()
        .flat_map(|plan| {
            let statement = plan["Query Text"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            let faults = nodes(&plan["Plan"]).into_iter().filter_map(|node| fault(node, &rows));
            faults.map(move |fault| format!("{fault}: {statement}")).collect::<Vec<_>>()
        })
        .collect();
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
