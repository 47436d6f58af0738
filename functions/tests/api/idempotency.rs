//! `Idempotency-Key`: a POST that is sent again makes nothing twice (`docs/api.md`, repeated POST).

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::uploading::{PART, document, put_zeros, submit, video};
use crate::harness::{Caller, CourseInProgress, Lyceum};

fn keyed(caller: &Caller, key: &str) -> Caller {
    caller.with_header("idempotency-key", key)
}

async fn category(lyceum: &Arc<Lyceum>) -> Value {
    lyceum.admin().await.post("/v1/categories", json!({ "name": "Databases" })).await.created()["id"].clone()
}

fn course(category: &Value) -> Value {
    json!({ "title": "Indexes", "description": "How they are read.", "category_id": category })
}

#[tokio::test]
async fn the_same_key_and_body_give_the_first_answer_again() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let category = category(&lyceum).await;
    let first = keyed(&instructor, "k1").post("/v1/courses", course(&category)).await.is(201);
    let path = first.header("location").to_owned();
    instructor.patch(&path, json!({ "title": "Another title" })).await.ok();

    lyceum.clock.advance(TimeDelta::minutes(10));
    let again = keyed(&instructor, "k1").post("/v1/courses", course(&category)).await.is(201);
    assert_eq!(again.text, first.text, "the first answer, not what became of the object");
    for header in ["location", "etag", "content-type", "idempotency-key"] {
        assert!(!first.header(header).is_empty(), "{header}");
        assert_eq!(again.header(header), first.header(header));
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"), "each call has its own");
    assert_eq!(lyceum.count("SELECT count(*) FROM courses").await, 1);
    assert_eq!(lyceum.audited("course.create").await.len(), 1);
}

#[tokio::test]
async fn each_post_that_makes_something_takes_keys() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    for (caller, path, body) in [
        (&admin, "/v1/categories".to_owned(), json!({ "name": "Once" })),
        (&instructor, course.path("/sections"), json!({ "title": "Once" })),
        (&instructor, format!("/v1/sections/{}/lessons", course.section), json!({ "title": "Once" })),
        (&learner, course.path("/enrollments"), json!({})),
    ] {
        let first = keyed(caller, "k1").post(&path, body.clone()).await.is(201);
        let again = keyed(caller, "k1").post(&path, body).await.is(201);
        assert_eq!((first.text, first.body["id"].clone()), (again.text, again.body["id"].clone()), "{path}");
    }
    for (sql, action) in [
        ("SELECT count(*) FROM sections", "section.create"),
        ("SELECT count(*) FROM lessons", "lesson.create"),
        ("SELECT count(*) FROM categories", "category.create"),
    ] {
        assert_eq!(lyceum.count(sql).await, 2, "{action}");
        assert_eq!(lyceum.audited(action).await.len(), 2);
    }
    assert_eq!(lyceum.audited("enrollment.create").await.len(), 1);
}

#[tokio::test]
async fn a_200_is_kept_as_a_201_is() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("/enrollments");
    let id = course.enroll(&learner).await;
    keyed(&learner, "k1").post(&path, json!({})).await.ok();
    learner.delete(&format!("/v1/enrollments/{id}")).await.no_content();
    assert_eq!(keyed(&learner, "k1").post(&path, json!({})).await.ok()["status"], "active", "as it was answered");
    let now = learner.get(&format!("/v1/enrollments/{id}")).await.ok();
    assert_eq!(now["status"], "dropped", "and nothing was done again");
}

#[tokio::test]
async fn another_body_or_address_under_the_same_key_is_422() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let (one, other) =
        (CourseInProgress::draft(&admin, &instructor, 0).await, CourseInProgress::draft(&admin, &instructor, 0).await);
    let caller = keyed(&instructor, "k1");
    caller.post(&one.path("/sections"), json!({ "title": "First" })).await.created();
    let sections = lyceum.count("SELECT count(*) FROM sections").await;
    for (path, title) in [(one.path("/sections"), "Second"), (other.path("/sections"), "First")] {
        let answer = caller.post(&path, json!({ "title": title })).await;
        assert_eq!(answer.header("idempotency-key"), "k1");
        answer.problem(422, "idempotency-key-reused");
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM sections").await, sections);
}

#[tokio::test]
async fn a_key_is_its_users_and_its_routes() {
    let lyceum = Lyceum::new().await;
    let (one, other) = (lyceum.instructor().await, lyceum.instructor().await);
    let category = category(&lyceum).await;
    let first = keyed(&one, "k1").post("/v1/courses", course(&category)).await.created();
    let second = keyed(&other, "k1").post("/v1/courses", course(&category)).await.created();
    assert_ne!(first["id"], second["id"]);
    let sections = format!("/v1/courses/{}/sections", first["id"].as_str().unwrap());
    keyed(&one, "k1").post(&sections, json!({ "title": "Another route" })).await.created();
}

#[tokio::test]
async fn a_key_names_its_call_for_24_hours() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let category = category(&lyceum).await;
    let key_row = "INSERT INTO idempotency_keys (user_id, route, key, request, status, headers, body, expires_at)
         SELECT id, '/v1/courses', 'old', '', 201, '{}', '', $2 FROM users WHERE id::text = $1";
    let now = lyceum.clock.now();
    sqlx::query(key_row).bind(&instructor.id).bind(now).execute(&lyceum.database).await.unwrap();
    keyed(&instructor, "old").post("/v1/courses", course(&category)).await.created();
    let expires: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("SELECT expires_at FROM idempotency_keys").fetch_one(&lyceum.database).await.unwrap();
    assert_eq!(expires, now + TimeDelta::hours(24), "the old row made room");
}

#[tokio::test]
async fn what_failed_is_not_kept_and_the_key_can_be_tried_again() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (caller, path) = (keyed(&learner, "k1"), course.path("/enrollments"));
    for _ in 0..20 {
        caller.post(&path, json!({})).await.problem(404, "not-found"); // never still in use by the one before
    }
    instructor.post(&course.path("/publish"), json!({})).await.ok();
    course.change(json!({ "price": "10.00" })).await;
    caller.post(&path, json!({})).await.problem(409, "payment-required");
    assert_eq!(lyceum.count("SELECT count(*) FROM idempotency_keys").await, 0);
    course.change(json!({ "price": "0.00" })).await;
    caller.post(&path, json!({})).await.created();
}

#[tokio::test]
async fn no_key_and_no_sign_in_are_as_ever() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let category = category(&lyceum).await;
    keyed(&lyceum.anonymous(), "k1").post("/v1/courses", course(&category)).await.problem(401, "unauthorized");
    let student = lyceum.student().await;
    keyed(&student, "k1").post("/v1/courses", course(&category)).await.problem(403, "forbidden");
    for _ in 0..2 {
        let answer = instructor.post("/v1/courses", course(&category)).await.is(201);
        assert_eq!(answer.header("idempotency-key"), "");
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM courses").await, 2);
    assert_eq!(lyceum.count("SELECT count(*) FROM idempotency_keys").await, 0);
}

#[tokio::test]
async fn a_key_that_is_none_is_422() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let category = category(&lyceum).await;
    for key in ["", "   ", &"k".repeat(256), "ключ"] {
        let answer = keyed(&instructor, key).post("/v1/courses", course(&category)).await;
        assert_eq!(answer.header("idempotency-key"), "");
        assert_eq!(answer.faults(), ["Idempotency-Key invalid_key"], "{key:?}");
    }
    keyed(&instructor, &"k".repeat(255)).post("/v1/courses", course(&category)).await.created();
}

#[tokio::test]
async fn the_auth_calls_and_calls_that_make_nothing_take_no_keys() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let answer = keyed(&lyceum.anonymous(), "")
        .post("/v1/auth/login", json!({ "identifier": student.email, "password": crate::harness::PASSWORD }))
        .await
        .is(200);
    assert_eq!(answer.header("idempotency-key"), "");
    keyed(&student, "").get("/v1/me").await.ok();
}

#[tokio::test]
async fn the_document_shows_which_calls_take_keys() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let mut taking = Vec::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().unwrap();
            if parameters.iter().any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header") {
                let problem = operation["responses"]["422"]["description"].as_str().unwrap();
                assert!(problem.contains("idempotency-key-reused"), "{problem}");
                taking.push(operation["operationId"].as_str().unwrap());
            }
        }
    }
    for operation in ["create_course", "create_category", "create_section", "create_lesson", "enroll"] {
        assert!(taking.contains(&operation), "{operation} takes no keys");
    }
    assert!(!taking.contains(&"login") && !taking.contains(&"publish_course"), "{taking:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_calls_with_one_key_one_is_done_and_all_that_are_answered_are_answered_alike() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let category = category(&lyceum).await;
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let (caller, course) = (keyed(&instructor, "k1"), course(&category));
            tokio::spawn(async move { caller.post("/v1/courses", course).await })
        })
        .collect();
    let mut bodies = Vec::new();
    for call in calls {
        let answer = call.await.unwrap();
        match answer.status {
            201 => bodies.push(answer.text),
            _ => drop(answer.problem(409, "idempotency-key-in-use")),
        }
    }
    assert!(!bodies.is_empty());
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one answer, however often");
    assert_eq!(lyceum.count("SELECT count(*) FROM courses").await, 1);
    assert_eq!(lyceum.audited("course.create").await.len(), 1);
}

#[tokio::test]
async fn one_that_still_runs_is_409() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    // Somebody holds the course, so that the first call waits in the middle of its work.
    let mut holder = lyceum.database.begin().await.unwrap();
    sqlx::query("SELECT FROM courses FOR UPDATE").execute(&mut *holder).await.unwrap();
    let (caller, path) = (keyed(&learner, "k1"), course.path("/enrollments"));
    let first = tokio::spawn({
        let (caller, path) = (caller.clone(), path.clone());
        async move { caller.post(&path, json!({})).await }
    });
    while lyceum.count("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").await == 0 {
        tokio::task::yield_now().await;
    }
    caller.post(&path, json!({})).await.problem(409, "idempotency-key-in-use");
    holder.rollback().await.unwrap();
    first.await.unwrap().created();
    caller.post(&path, json!({})).await.created();
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, 1);
}

#[tokio::test]
async fn maintenance_removes_the_keys_that_name_nothing_any_more() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let category = category(&lyceum).await;
    sqlx::query(
        "INSERT INTO idempotency_keys (user_id, route, key, request, status, headers, body, expires_at)
         SELECT $1::uuid, '/v1/courses', n::text, '', 201, '{}', '', $2 FROM generate_series(1, 12000) AS n",
    )
    .bind(uuid::Uuid::parse_str(&instructor.id).unwrap())
    .bind(lyceum.clock.now())
    .execute(&lyceum.database)
    .await
    .unwrap();
    keyed(&instructor, "new").post("/v1/courses", course(&category)).await.created();
    lyceum.run("maintain", json!({})).await;
    assert_eq!(lyceum.count("SELECT count(*) FROM idempotency_keys").await, 1);
}

#[tokio::test]
async fn an_upload_keeps_its_id_and_is_signed_anew() {
    let lyceum = Lyceum::today().await;
    lyceum.clock.advance(TimeDelta::hours(-2));
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let mut first = Vec::new();
    for (key, body) in [("form", document(5)), ("parts", video(PART + 1))] {
        first.push(course.ask(&keyed(&instructor, key), body).await.is(201));
    }
    let kept = "SELECT count(*) FROM idempotency_keys WHERE convert_from(body, 'UTF8') ~ 'url|policy|amz'";
    assert_eq!(lyceum.count(kept).await, 0, "what is signed is nothing to keep");
    assert_eq!(submit(&first[0].body, b"01234").await, 403, "it has expired");

    lyceum.clock.advance(TimeDelta::hours(2));
    let instructor = instructor.again().await;
    let form = course.ask(&keyed(&instructor, "form"), document(5)).await.is(201);
    let parts = course.ask(&keyed(&instructor, "parts"), video(PART + 1)).await.is(201);
    for (again, first) in [(&form, &first[0]), (&parts, &first[1])] {
        assert_eq!(again.body["upload_id"], first.body["upload_id"]);
        assert_eq!(again.header("location"), first.header("location"));
        assert_ne!(again.body["expires_at"], first.body["expires_at"]);
    }
    assert_eq!(submit(&form.body, b"01234").await, 201);
    let sent = [put_zeros(&parts.body["parts"][0]).await, put_zeros(&parts.body["parts"][1]).await];
    let path = parts.header("location");
    instructor.post(&format!("{path}/complete"), json!({ "parts": sent })).await.ok();
    course.ask(&keyed(&instructor, "parts"), video(PART + 1)).await.problem(409, "upload-closed");
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads").await, 2);
    assert_eq!(lyceum.audited("upload.create").await.len(), 2);
    let other = keyed(&instructor, "form");
    course.ask(&other, document(6)).await.problem(422, "idempotency-key-reused");
    instructor.delete(form.header("location")).await.no_content();
    course.ask(&other, document(5)).await.problem(404, "not-found");
}

#[tokio::test]
async fn an_upload_that_could_not_be_begun_is_begun_by_the_next_call_with_its_key() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let away = |name: &str| (name == "AWS_ENDPOINT_URL_S3").then(|| "http://127.0.0.1:9".to_owned());
    let without_s3 = lyceum.beside(away).await;
    let path = format!("/v1/lessons/{}/uploads", course.lessons[0]);
    let failed = keyed(&instructor.calling(&without_s3), "k1").post(&path, video(PART + 1)).await;
    failed.problem(503, "unavailable");
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads").await, 1);
    let upload = course.ask(&keyed(&instructor, "k1"), video(PART + 1)).await.is(201);
    assert_eq!(upload.body["parts"].as_array().unwrap().len(), 2);
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads").await, 1);
}
