use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Caller, CourseInProgress, Lyceum, at_once};

async fn actions(admin: &Caller, query: &str) -> Vec<String> {
    let page = admin.get(&format!("/v1/audit-logs?{query}")).await.ok();
    page["data"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_row_tells_who_did_what_to_what_from_where_and_when() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await.at("192.0.2.7");
    let category = admin.post("/v1/categories", json!({ "name": "Art" })).await.created();
    let page = admin.get("/v1/audit-logs?action=category.create").await.ok();
    let row = &page["data"][0];
    assert_eq!(row["user_id"], admin.id);
    assert_eq!((&row["resource_type"], &row["resource_id"]), (&json!("category"), &category["id"]));
    assert_eq!((&row["ip_address"], &row["user_agent"]), (&json!("192.0.2.7"), &json!("test/1")));
    assert_eq!(row["created_at"], "2026-11-23T19:56:00Z");
    assert_eq!(row["changes"]["name"], json!({ "from": null, "to": "Art" }));
    let fields = [
        "action",
        "changes",
        "created_at",
        "id",
        "ip_address",
        "resource_id",
        "resource_type",
        "user_agent",
        "user_id",
    ];
    assert_eq!(row.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(), fields);
}

#[tokio::test]
async fn each_filter_narrows_and_together_they_narrow_more() {
    let lyceum = Lyceum::new().await;
    let (admin, other) = (lyceum.admin().await, lyceum.admin().await);
    let category = admin.post("/v1/categories", json!({ "name": "Art" })).await.created();
    other.patch(&format!("/v1/categories/{}", category["id"].as_str().unwrap()), json!({ "name": "Arts" })).await.ok();
    other.post("/v1/roles", json!({ "name": "Reader", "permissions": [] })).await.created();
    let id = category["id"].as_str().unwrap();
    for (query, expected) in [
        (format!("user_id={}", other.id), vec!["role.create", "category.update", "session.create"]),
        ("action=category.update".to_owned(), vec!["category.update"]),
        ("resource_type=category".to_owned(), vec!["category.update", "category.create"]),
        (format!("resource_id={id}"), vec!["category.update", "category.create"]),
        (format!("resource_id={id}&user_id={}", admin.id), vec!["category.create"]),
        (format!("resource_type=role&user_id={}", admin.id), vec![]),
        ("action=category".to_owned(), vec![]),
        ("user_id=01920000-0000-7000-8000-000000000000".to_owned(), vec![]),
    ] {
        let mut seen = actions(&admin, &query).await;
        let mut expected = expected;
        seen.sort();
        expected.sort_unstable();
        assert_eq!(seen, expected, "{query}");
    }
}

#[tokio::test]
async fn from_is_in_and_to_is_out() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for name in ["first", "second", "third"] {
        admin.post("/v1/categories", json!({ "name": name })).await.created();
        lyceum.clock.advance(TimeDelta::minutes(1));
    }
    let names = async |query: &str| {
        let page = admin.get(&format!("/v1/audit-logs?action=category.create&{query}")).await.ok();
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| row["changes"]["name"]["to"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("from=2026-11-23T19:57:00Z").await, ["third", "second"]);
    assert_eq!(names("to=2026-11-23T19:57:00Z").await, ["first"]);
    assert_eq!(names("from=2026-11-23T19:57:00Z&to=2026-11-23T19:58:00Z").await, ["second"]);
    assert_eq!(names("from=2026-11-23T20:57:00%2B01:00&to=2026-11-23T20:57:00.000001%2B01:00").await, ["second"]);
    assert_eq!(names("from=2026-11-24T00:00:00Z").await, [""; 0]);
    for bad in ["from=yesterday", "to=2026-11-23", "from=2026-13-01T00:00:00Z", "to=99999-01-01T00:00:00Z"] {
        let faults = admin.get(&format!("/v1/audit-logs?{bad}")).await.faults();
        assert!(faults[0].ends_with("invalid_time"), "{bad}: {faults:?}");
    }
}

#[tokio::test]
async fn pages_by_keyset_show_each_row_once_while_the_log_grows() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for number in 0..7 {
        admin.post("/v1/categories", json!({ "name": format!("c{number}") })).await.created();
        if number % 3 == 0 {
            lyceum.clock.advance(TimeDelta::seconds(1));
        }
    }
    let (mut ids, mut query) = (Vec::new(), "action=category.create&limit=2".to_owned());
    loop {
        let answer = admin.get(&format!("/v1/audit-logs?{query}")).await;
        let next = answer.header("link").to_owned();
        let page = answer.ok();
        ids.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["changes"]["name"]["to"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        assert!(next.contains("action=category.create") && next.contains(cursor), "{next}");
        query = format!("action=category.create&limit=2&cursor={cursor}");
        admin.post("/v1/categories", json!({ "name": format!("late after {}", ids.len()) })).await.created();
    }
    assert_eq!(ids.len(), 7, "{ids:?}");
    assert_eq!((ids[0].as_str(), ids[6].as_str()), ("c6", "c0"));
}

#[tokio::test]
async fn the_log_is_for_those_who_may_read_it_and_bad_filters_are_told() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    lyceum.anonymous().get("/v1/audit-logs").await.problem(401, "unauthorized");
    lyceum.instructor().await.get("/v1/audit-logs").await.problem(403, "forbidden");
    lyceum.permitted(&admin, &["audit:read"]).await.get("/v1/audit-logs").await.ok();
    let faults = admin.get("/v1/audit-logs?user_id=1&resource_id=x&limit=101&who=me").await.faults();
    assert_eq!(faults.len(), 4, "{faults:?}");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        admin.send(method, "/v1/audit-logs", None).await.problem(405, "method-not-allowed");
    }
    // reading leaves no row
    let before = lyceum.count("SELECT count(*) FROM audit_logs").await;
    admin.get("/v1/audit-logs").await.ok();
    assert_eq!(lyceum.count("SELECT count(*) FROM audit_logs").await, before);
}

#[tokio::test]
async fn sign_ins_failures_and_refusals_are_rows_too() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    student.sign_in("not the password").await.is(401);
    student.get("/v1/users").await.is(403);
    student.post("/v1/auth/logout", json!({})).await.no_content();
    let mut of_student = actions(&admin, &format!("user_id={}", student.id)).await;
    of_student.sort();
    assert_eq!(of_student, ["request.refuse", "session.create", "session.end", "session.refuse"]);
    let unknown = json!({ "identifier": "nobody@school.test", "password": "not the password" });
    lyceum.anonymous().post("/v1/auth/login", unknown).await.is(401);
    let refused = admin.get("/v1/audit-logs?action=session.refuse").await.ok();
    assert_eq!(refused["data"].as_array().unwrap().len(), 2);
}

/// `docs/semantics.md`, Audit: personal fields appear by name only, and no password, token or hash at all.
#[tokio::test]
async fn the_log_holds_no_personal_words_and_no_secrets() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    let words = ["Whisper", "whisper", "four words and", "$argon2"];
    let whispering =
        json!({ "first_name": "Whisper", "last_name": "Whisperson", "username": "whisper", "bio": "Whispers." });
    student.patch("/v1/me", whispering.clone()).await.ok();
    let other = lyceum.student().await;
    let mut second = whispering;
    second["username"] = json!("whisper2");
    admin.patch(&format!("/v1/users/{}", other.id), second).await.ok();
    let invited =
        json!({ "email": "whisper@school.test", "username": "whisper3", "first_name": "Whisper", "last_name": "W" });
    admin.post("/v1/users", invited).await.created();
    let email = json!({ "email": "whisper2@school.test", "password": crate::harness::PASSWORD });
    student.put("/v1/me/email", email).await.is(202);
    let token = lyceum.token_mailed_to("whisper2@school.test").await;
    student.post("/v1/auth/verify-email", json!({ "token": token })).await.no_content();
    let password = json!({ "current_password": crate::harness::PASSWORD, "new_password": "four words and more" });
    student.put("/v1/me/password", password).await.no_content();
    let log: Vec<Value> =
        sqlx::query_scalar("SELECT to_jsonb(a) FROM audit_logs a").fetch_all(&lyceum.database).await.unwrap();
    let text = Value::from(log).to_string();
    for word in words.into_iter().chain([crate::harness::PASSWORD, token.as_str(), "@school.test"]) {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(text.contains(r#""bio":{}"#));
}

#[tokio::test]
async fn a_long_text_stands_by_its_beginning_its_length_and_its_hash() {
    let lyceum = Lyceum::new().await;
    let (admin, teacher) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &teacher, 1).await;
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    let (plain, long) = ("ü".repeat(1000), format!("{}b", "ü".repeat(150_000)));
    teacher.patch(&lesson, json!({ "markdown_content": plain })).await.ok();
    teacher.patch(&lesson, json!({ "markdown_content": long })).await.ok();
    let page = admin.get("/v1/audit-logs?action=lesson.update").await.ok();
    let change = &page["data"][0]["changes"]["markdown_content"];
    assert_eq!(change["from"], plain, "a thousand characters stand whole");
    let short = json!({
        "beginning": "ü".repeat(200),
        "characters": 150_001,
        "sha256": hex::encode(Sha256::digest(&long)),
    });
    assert_eq!(change["to"], short);
}

#[tokio::test]
async fn a_list_stands_whole_until_it_is_very_long() {
    let lyceum = Lyceum::new().await;
    let (admin, teacher) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &teacher, 1).await;
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    let links =
        |many: usize| vec![json!({ "title": "A link", "url": format!("https://{}.test/", "a".repeat(50)) }); many];
    for many in [50, 500] {
        teacher.patch(&lesson, json!({ "external_links": links(many) })).await.ok();
    }
    let rows = lyceum.audited("lesson.update").await;
    assert_eq!(rows[0]["changes"]["external_links"]["to"].as_array().unwrap().len(), 50);
    assert_eq!(rows[1]["changes"]["external_links"]["from"].as_array().unwrap().len(), 50);
    let short = &rows[1]["changes"]["external_links"]["to"];
    assert!(short["beginning"].as_str().unwrap().starts_with("[{\"title\""), "{short}");
    assert!(short["characters"].as_u64().unwrap() > 40_000, "{short}");
}

/// Rows from before long texts were shortened.
#[tokio::test]
async fn a_page_ends_before_it_is_too_large_for_an_answer() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    lyceum
        .change(
            "INSERT INTO audit_logs (user_id, action, resource_type, changes, created_at)
             SELECT $1, 'test.row', 'test', jsonb_build_object('content', jsonb_build_object('to', repeat('\"', 200000))),
               '2026-11-01'::timestamptz + n * interval '1 s' FROM generate_series(1, 20) n",
            &admin.id,
        )
        .await;
    let (mut ids, mut pages, mut query) = (HashSet::new(), 0, "action=test.row&limit=100".to_owned());
    loop {
        let answer = admin.get(&format!("/v1/audit-logs?{query}")).await.is(200);
        assert!(serde_json::to_string(&answer.text).unwrap().len() < 6_000_000, "as it goes out, escaped");
        ids.extend(answer.body["data"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
        pages += 1;
        let Some(cursor) = answer.body["next_cursor"].as_str() else { break };
        query = format!("action=test.row&limit=100&cursor={cursor}");
    }
    assert_eq!((ids.len(), pages), (20, 4));
}

/// Protects against H9: one user wrote 100 rows in 0.4 s, each with 10 kB of user agent.
#[tokio::test]
async fn a_user_who_is_refused_again_and_again_leaves_few_rows() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for _ in 0..100 {
        student.get("/v1/users").await.problem(403, "forbidden");
    }
    let rows = lyceum.audited("request.refuse").await;
    let counts: Vec<_> = rows.iter().map(|row| row["changes"]["refused"]["to"].clone()).collect();
    assert_eq!(counts, [json!(null), json!(2), json!(4), json!(8), json!(16), json!(32), json!(64)]);
}

#[tokio::test]
async fn refusals_of_other_users_other_calls_and_other_hours_are_counted_apart() {
    let lyceum = Lyceum::new().await;
    let (one, other) = (lyceum.student().await, lyceum.student().await);
    for _ in 0..3 {
        one.get("/v1/users").await.problem(403, "forbidden");
    }
    other.get("/v1/users").await.problem(403, "forbidden");
    one.get("/v1/roles").await.problem(403, "forbidden");
    lyceum.clock.advance(TimeDelta::hours(1));
    one.again().await.get("/v1/users").await.problem(403, "forbidden");
    let rows = lyceum.audited("request.refuse").await;
    let first = rows.iter().filter(|row| row["changes"]["refused"].is_null()).count();
    assert_eq!((rows.len(), first), (5, 4), "{rows:?}");
}

#[tokio::test]
async fn of_64_refusals_at_once_seven_leave_a_row() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    at_once(64, |_| {
        let student = student.clone();
        async move { student.get("/v1/users").await.problem(403, "forbidden") }
    })
    .await;
    assert_eq!(lyceum.audited("request.refuse").await.len(), 7);
}

#[tokio::test]
async fn a_user_agent_is_kept_up_to_255_characters() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous().with_header("user-agent", &"x".repeat(10_000));
    visitor.post("/v1/auth/login", json!({ "identifier": "nobody", "password": "none" })).await.is(401);
    let rows = lyceum.audited("session.refuse").await;
    assert_eq!(rows[0]["user_agent"].as_str().unwrap().len(), 255);
}

#[tokio::test]
async fn a_row_of_something_new_names_it_and_does_not_repeat_its_columns() {
    let lyceum = Lyceum::new().await;
    let (admin, teacher) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &teacher, 1).await;
    for (action, fields) in [
        ("course.create", &["category_id", "instructor_id", "price", "slug", "title", "visibility"][..]),
        ("section.create", &["course_id", "title"]),
        ("lesson.create", &["lesson_type", "section_id", "title"]),
        ("category.create", &["name", "slug"]),
    ] {
        let rows = lyceum.audited(action).await;
        let names: Vec<_> = rows[0]["changes"].as_object().unwrap().keys().collect();
        assert_eq!(names, fields, "{action} of {}", course.id);
    }
}
