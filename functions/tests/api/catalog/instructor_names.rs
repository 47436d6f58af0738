//! What a course shows of its instructor: it changes the course's `ETag`, and updates no course.

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum, RedisServer};

/// The rows of all courses as they are stored, each with its place, its transaction and its version.
const ROWS: &str =
    "SELECT coalesce(string_agg(concat_ws(' ', id, ctid, xmin, xmax, version), ',' ORDER BY id), '') FROM courses";

async fn rows(lyceum: &Lyceum) -> String {
    sqlx::query_scalar(ROWS).fetch_one(&lyceum.database).await.unwrap()
}

async fn tag(caller: &Caller, course: &CourseInProgress) -> String {
    caller.get(&course.path("")).await.is(200).header("etag").to_owned()
}

#[tokio::test]
async fn what_an_instructor_shows_changes_the_etag_and_no_course() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let other = CourseInProgress::published(&admin, &admin, 1).await;
    let (before, tag_of_other) = (rows(&lyceum).await, tag(&admin, &other).await);
    let (me, account) = ("/v1/me".to_owned(), format!("/v1/users/{}", instructor.id));
    let mut seen = vec![tag(&admin, &course).await];
    for (caller, method, path, body) in [
        (&instructor, "PATCH", &me, json!({ "first_name": "Ada" })),
        (&instructor, "PATCH", &me, json!({ "last_name": "Löwe" })),
        (&instructor, "PATCH", &me, json!({ "bio": "Teaches." })),
        (&instructor, "PATCH", &me, json!({ "bio": null })),
        (&admin, "PATCH", &account, json!({ "first_name": "Grace" })),
        (&admin, "DELETE", &account, Value::Null),
        (&admin, "POST", &format!("{account}/restore"), json!({})),
    ] {
        let answer = caller.send(method, path, Some(body.clone()).filter(|body| !body.is_null())).await;
        assert!([200, 204].contains(&answer.status), "{}", answer.text);
        let now = tag(&admin, &course).await;
        assert!(!seen.contains(&now), "{method} {path} {body}: {now} was there before");
        seen.push(now);
    }
    let picture = "UPDATE users SET profile_picture_url = 'https://media.school.test/p.jpg' WHERE id = $1";
    lyceum.change(picture, &instructor.id).await; // as `ingest` does
    assert!(!seen.contains(&tag(&admin, &course).await));
    assert_eq!(rows(&lyceum).await, before, "no course was updated, or locked by an update");
    assert_eq!(tag(&admin, &other).await, tag_of_other, "another instructor's course is as it was");
}

#[tokio::test]
async fn what_a_course_does_not_show_of_its_instructor_leaves_its_etag() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let before = tag(&admin, &course).await;
    instructor.patch("/v1/me", json!({ "username": "another", "first_name": "Test" })).await.ok();
    admin.patch(&format!("/v1/users/{}", instructor.id), json!({ "is_active": false })).await.ok();
    lyceum.change("UPDATE users SET last_login = now(), first_name = first_name WHERE id = $1", &instructor.id).await;
    assert_eq!(tag(&admin, &course).await, before);
}

#[tokio::test]
async fn a_reader_with_the_former_name_gets_the_new_one_everywhere() {
    let redis = RedisServer::start();
    let url = redis.url.clone();
    let lyceum = Lyceum::with(move |name| (name == "REDIS_URL").then(|| url.clone())).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let slug = admin.get(&course.path("")).await.ok()["slug"].as_str().unwrap().to_owned();
    let anyone = lyceum.anonymous();
    for path in [course.path(""), format!("/v1/courses/{slug}"), "/v1/courses?sort=title".to_owned()] {
        for (name, caller) in [("Ada", &anyone), ("Grace", &admin)] {
            let former = caller.get(&path).await.is(200).header("etag").to_owned();
            let reader = caller.with_header("if-none-match", &former);
            reader.get(&path).await.is(304);
            instructor.patch("/v1/me", json!({ "first_name": name })).await.ok();
            let new = reader.get(&path).await.is(200);
            assert!(new.text.contains(name) && new.header("etag") != former, "{path}: {}", new.text);
            caller.with_header("if-none-match", new.header("etag")).get(&path).await.is(304);
        }
        instructor.patch("/v1/me", json!({ "first_name": "Test" })).await.ok();
    }
}

#[tokio::test]
async fn an_edit_is_checked_against_the_version_of_the_course_alone() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let before_the_name = tag(&admin, &course).await;
    instructor.patch("/v1/me", json!({ "first_name": "Ada" })).await.ok();
    let after_the_name = tag(&admin, &course).await;
    assert_ne!(before_the_name, after_the_name);

    // An edit does not touch the name, so a changed name does not refuse it.
    let path = course.path("");
    instructor.with_header("if-match", &before_the_name).patch(&path, json!({ "title": "One" })).await.ok();
    for stale in [&before_the_name, &after_the_name] {
        let editor = instructor.with_header("if-match", stale);
        editor.patch(&path, json!({ "title": "Two" })).await.problem(412, "precondition-failed");
    }
    let read = tag(&instructor, &course).await;
    instructor.with_header("if-match", &read).patch(&path, json!({ "title": "Two" })).await.ok();
    let listed = format!("\"v1\", W/{}", tag(&instructor, &course).await);
    instructor.with_header("if-match", &listed).put(&course.path("/tags"), json!(["a"])).await.ok();
}

#[tokio::test]
async fn every_answer_that_shows_a_course_has_the_etag_that_a_read_would_have() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    instructor.patch("/v1/me", json!({ "first_name": "Ada" })).await.ok();
    for (method, rest, body) in [
        ("PATCH", "", json!({ "title": "Another" })),
        ("PATCH", "", json!({ "title": "Another" })),
        ("PUT", "/tags", json!(["a"])),
        ("POST", "/publish", json!({})),
        ("POST", "/unpublish", json!({})),
        ("POST", "/publish", json!({})),
        ("POST", "/archive", json!({})),
    ] {
        let answer = instructor.send(method, &course.path(rest), Some(body)).await.is(200);
        assert_eq!(answer.header("etag"), tag(&instructor, &course).await, "{method} {rest}");
    }
    let copy = instructor.post(&course.path("/duplicate"), json!({})).await.is(201);
    let copied = instructor.get(&format!("/v1/courses/{}", copy.body["id"].as_str().unwrap())).await;
    assert_eq!(copy.header("etag"), copied.header("etag"));
    instructor.delete(&course.path("")).await.is(204);
    let restored = instructor.post(&course.path("/restore"), json!({})).await.is(200);
    assert_eq!(restored.header("etag"), tag(&instructor, &course).await);
}

#[tokio::test]
async fn an_instructor_whose_courses_are_all_locked_changes_their_name() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    for _ in 0..2 {
        CourseInProgress::published(&admin, &instructor, 1).await;
    }
    let mut edits = lyceum.database.begin().await.unwrap();
    sqlx::query("SELECT id FROM courses FOR UPDATE").execute(&mut *edits).await.unwrap();
    instructor.patch("/v1/me", json!({ "first_name": "Ada", "bio": "Teaches." })).await.ok();
    admin.delete(&format!("/v1/users/{}", instructor.id)).await.is(204);
    edits.rollback().await.unwrap();
}
