use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

async fn category(admin: &Caller) -> Value {
    admin.post("/v1/categories", json!({ "name": "Anything" })).await.created()["id"].clone()
}

#[tokio::test]
async fn an_instructor_creates_a_draft_with_everything_in_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = category(&admin).await;
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let body = json!({
        "title": "Größe & Maß", "description": "d", "category_id": category, "content": "c", "visibility": "restricted",
        "is_featured": true, "difficulty_level": "advanced", "language": "de", "price": "49.5", "required_score": 80,
        "allow_retake": false, "max_attempts": 3, "estimated_hours": "12", "tags": ["b", "a", "b"],
        "prerequisites": [{ "prerequisite_course_id": first.id }], "meta_description": "m", "meta_keywords": "k",
    });
    let answer = instructor.post("/v1/courses", body).await;
    let version = answer.header("etag").to_owned();
    let course = answer.created();
    assert_eq!(version, format!("\"v{}\"", course["version"]));
    assert_eq!((course["status"].as_str(), course["slug"].as_str()), (Some("draft"), Some("grosse-mass")));
    assert_eq!((course["price"].as_str(), course["estimated_hours"].as_str()), (Some("49.50"), Some("12.00")));
    assert_eq!((&course["tags"], &course["prerequisites"]), (&json!(["a", "b"]), &json!([first.id])));
    assert_eq!(course["instructor_id"], instructor.id);
    assert_eq!(course["instructor"]["last_name"], "Instructor");
    assert!(!course.to_string().contains('@'), "the instructor's email is nobody's business: {course}");
    let created = lyceum.audited("course.create").await;
    assert_eq!(created[1]["changes"]["price"], json!({ "from": null, "to": "49.50" }));
}

#[tokio::test]
async fn bad_input_is_told_all_at_once() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let body = json!({
        "title": "", "category_id": "x", "price": 49, "status": "published", "instructor_id": "x", "language": "german",
        "max_attempts": 0, "tags": ["", 1], "estimated_hours": "1.234", "slug": "01a20b2a-4c1d-72f6-bc2d-c4797948c40a",
    });
    let mut faults = instructor.post("/v1/courses", body).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/category_id invalid_id",
            "/description required",
            "/estimated_hours invalid_amount",
            "/instructor_id unknown_field",
            "/language invalid_language",
            "/max_attempts out_of_range",
            "/price wrong_type",
            "/slug invalid_slug",
            "/status unknown_field",
            "/tags/0 blank",
            "/tags/1 wrong_type",
            "/title blank",
        ]
    );
    let unknown = "01a20b2a-4c1d-72f6-bc2d-c4797948c40a";
    let body = json!({ "title": "t", "description": "d", "category_id": unknown });
    assert_eq!(instructor.post("/v1/courses", body).await.faults(), ["/category_id unknown_category"]);
}

#[tokio::test]
async fn only_who_may_creates_courses() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().post("/v1/courses", json!({})).await.problem(401, "unauthorized");
    lyceum.student().await.post("/v1/courses", json!({})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn slugs_are_made_unique_and_a_given_one_that_is_taken_is_409() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = category(&admin).await;
    let body =
        |slug: Option<&str>| json!({ "title": "Same", "description": "d", "category_id": category, "slug": slug });
    let first = instructor.post("/v1/courses", body(None)).await.created();
    let second = instructor.post("/v1/courses", body(None)).await.created();
    assert_eq!(first["slug"], "same");
    assert!(second["slug"].as_str().unwrap().starts_with("same-"));
    instructor.post("/v1/courses", body(Some("same"))).await.problem(409, "slug-taken");
    assert_eq!(instructor.get("/v1/courses/same").await.ok()["id"], first["id"]);

    let path = format!("/v1/courses/{}", first["id"].as_str().unwrap());
    instructor.delete(&path).await.no_content();
    instructor.get(&path).await.problem(404, "not-found");
    let third = instructor.post("/v1/courses", body(Some("same"))).await.created();
    assert_eq!(third["slug"], "same");
    instructor.post(&format!("{path}/restore"), json!({})).await.problem(409, "slug-taken");
    let restored = instructor.post(&format!("{path}/restore"), json!({ "slug": "same-again" })).await.ok();
    assert_eq!((restored["id"].clone(), restored["slug"].as_str()), (first["id"].clone(), Some("same-again")));
    instructor.post(&format!("{path}/restore"), json!({})).await.problem(409, "course-not-deleted");
}

#[tokio::test]
async fn a_course_can_be_restored_for_30_days_by_its_staff() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    instructor.delete(&course.path("")).await.no_content();
    lyceum.student().await.post(&course.path("/restore"), json!({})).await.problem(404, "not-found");
    lyceum.clock.advance(TimeDelta::days(30) + TimeDelta::seconds(1));
    let admin = admin.with_token(admin.sign_in(crate::harness::PASSWORD).await.ok()["access_token"].as_str().unwrap());
    admin.post(&course.path("/restore"), json!({})).await.problem(409, "conflict");
    assert_eq!(lyceum.audited("course.delete").await.len(), 1);
}

#[tokio::test]
async fn the_etag_is_the_version_which_only_changes_raise() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let path = course.path("");
    let get = || instructor.get(&path);
    assert_eq!(get().await.header("etag"), "\"v1\"");
    course.change(json!({ "title": "A course" })).await;
    assert_eq!(get().await.header("etag"), "\"v1\"", "nothing was changed");
    assert!(lyceum.audited("course.update").await.is_empty());
    course.change(json!({ "title": "Another", "content": "c" })).await;
    assert_eq!(get().await.header("etag"), "\"v2\"");
    assert_eq!(course.change(json!({ "content": null })).await["content"], Value::Null);
    assert_eq!(
        lyceum.audited("course.update").await[0]["changes"]["title"],
        json!({ "from": "A course", "to": "Another" })
    );

    for known in ["\"v3\"", "W/\"v3\"", "\"x\", \"v3\"", "*"] {
        let answer = instructor.with_header("if-none-match", known).get(&course.path("")).await.is(304);
        assert_eq!((answer.text.as_str(), answer.header("etag")), ("", "\"v3\""));
    }
    let stale = instructor.with_header("if-match", "\"v2\"");
    let problem = stale.patch(&course.path(""), json!({ "title": "x" })).await.problem(412, "precondition-failed");
    assert_eq!(problem["current"], "\"v3\"");
    stale.delete(&course.path("")).await.problem(412, "precondition-failed");
    instructor.with_header("if-match", "W/\"v3\"").patch(&course.path(""), json!({ "title": "x" })).await.ok();

    sqlx::query("UPDATE users SET first_name = 'New' WHERE id = $1::uuid")
        .bind(&instructor.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    let answer = get().await;
    assert_eq!((answer.header("etag"), answer.body["instructor"]["first_name"].as_str()), ("\"v5\"", Some("New")));
}

#[tokio::test]
async fn what_must_be_there_can_be_changed_and_not_cleared() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let body = json!({ "title": null, "price": null, "category_id": null, "tags": ["x"] });
    let mut faults = instructor.patch(&course.path(""), body).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        ["/category_id not_clearable", "/price not_clearable", "/tags unknown_field", "/title not_clearable"]
    );
}

#[tokio::test]
async fn who_may_see_and_change_a_course() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, other) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let (student, learner) = (lyceum.student().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let callers = [&lyceum.anonymous(), &student, &other, &learner, &instructor, &admin];
    // Statuses of a GET, then of a PATCH, by each of them.
    for (state, get, patch) in [
        (json!({ "visibility": "public" }), [200; 6], [401, 403, 403, 403, 200, 200]),
        (json!({ "visibility": "restricted" }), [200; 6], [401, 403, 403, 403, 200, 200]),
        (json!({ "visibility": "private" }), [404, 404, 404, 200, 200, 200], [401, 404, 404, 403, 200, 200]),
    ] {
        course.change(state.clone()).await;
        expect(&callers, &course, get, patch, &state).await;
    }
    instructor.post(&course.path("/archive"), json!({})).await.ok();
    expect(&callers, &course, [404, 404, 404, 200, 200, 200], [401, 404, 404, 403, 200, 200], &json!("archived")).await;
    sqlx::query("UPDATE courses SET status = 'draft'").execute(&lyceum.database).await.unwrap();
    expect(&callers, &course, [404, 404, 404, 404, 200, 200], [401, 404, 404, 404, 200, 200], &json!("draft")).await;
    instructor.delete(&course.path("")).await.no_content();
    expect(&callers, &course, [404; 6], [401, 404, 404, 404, 404, 404], &json!("deleted")).await;
}

async fn expect(callers: &[&Caller; 6], course: &CourseInProgress, get: [u16; 6], patch: [u16; 6], state: &Value) {
    for (number, caller) in callers.iter().enumerate() {
        for path in [course.path(""), course.path("/outline")] {
            assert_eq!(caller.get(&path).await.status, get[number], "GET by caller {number}, {state}");
        }
        let answer = caller.patch(&course.path(""), json!({ "meta_keywords": format!("{number}{state}") })).await;
        assert_eq!(answer.status, patch[number], "PATCH by caller {number}, {state}: {}", answer.text);
        let answer = caller.post(&course.path("/sections"), json!({ "title": "x" })).await;
        let expected = if patch[number] == 200 { 201 } else { patch[number] };
        assert_eq!(answer.status, expected, "POST by caller {number}, {state}");
    }
}

#[tokio::test]
async fn a_course_is_published_archived_and_taken_back() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let post = |action: &str| {
        let path = course.path(action);
        let instructor = instructor.clone();
        async move { instructor.post(&path, json!({})).await }
    };
    let problem = post("/publish").await.problem(409, "not-publishable");
    assert_eq!(problem["missing"][0]["code"], "published_lesson");
    post("/archive").await.problem(409, "conflict");
    let (publish, archive, unpublish) = (post("/publish"), post("/archive"), post("/unpublish"));
    course.add_lesson(json!({ "title": "l", "content": "text", "is_published": true })).await;
    let published = publish.await.ok();
    assert_eq!(
        (published["status"].as_str(), published["published_at"].as_str()),
        (Some("published"), Some("2026-11-23T19:56:00Z"))
    );
    lyceum.clock.advance(TimeDelta::minutes(1));
    assert_eq!(unpublish.await.ok()["status"], "draft");
    let again = instructor.post(&course.path("/publish"), json!({})).await.ok();
    assert_eq!(again["published_at"], "2026-11-23T19:56:00Z", "the first time");
    let enrollment = course.enroll(&learner).await;
    instructor.post(&course.path("/unpublish"), json!({})).await.problem(409, "learners-enrolled");
    assert_eq!(archive.await.ok()["status"], "archived");
    instructor.post(&course.path("/unpublish"), json!({})).await.problem(409, "conflict");
    lyceum.student().await.post(&course.path("/enrollments"), json!({})).await.problem(404, "not-found");
    instructor.post(&course.path("/publish"), json!({})).await.ok();
    learner.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    instructor.post(&course.path("/unpublish"), json!({})).await.ok();
    assert_eq!(lyceum.audited("course.publish").await.len(), 3);
    learner.post(&course.path("/publish"), json!({})).await.problem(404, "not-found");
}
