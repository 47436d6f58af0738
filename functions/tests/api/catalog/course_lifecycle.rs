use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum, PASSWORD};

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

#[tokio::test]
async fn the_same_step_again_changes_nothing() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    for step in ["publish", "unpublish", "publish", "archive"] {
        let path = course.path(&format!("/{step}"));
        let first = instructor.post(&path, json!({})).await;
        let again = instructor.post(&path, json!({})).await;
        assert_eq!(first.header("etag"), again.header("etag"), "{step}");
        assert_eq!(first.ok(), again.ok(), "{step}");
    }
    for (action, rows) in [("course.publish", 2), ("course.unpublish", 1), ("course.archive", 1)] {
        assert_eq!(lyceum.audited(action).await.len(), rows, "{action}");
    }
    let archived = &lyceum.audited("course.archive").await[0];
    assert_eq!(archived["changes"]["status"], json!({ "from": "published", "to": "archived" }));
    assert_eq!((&archived["user_id"], &archived["resource_id"]), (&json!(instructor.id), &json!(course.id)));
}

#[tokio::test]
async fn each_step_is_of_the_version_that_it_names() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    for step in ["publish", "unpublish", "publish", "archive"] {
        let current = instructor.get(&course.path("")).await.header("etag").to_owned();
        let path = course.path(&format!("/{step}"));
        let stale = instructor.with_header("if-match", "\"v0\"").post(&path, json!({})).await;
        assert_eq!(stale.problem(412, "precondition-failed")["current"], current, "{step}");
        instructor.with_header("if-match", &current).post(&path, json!({})).await.ok();
    }
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let publish = &document["paths"]["/v1/courses/{course_id}/publish"]["post"];
    assert!(publish["parameters"].to_string().contains("If-Match") && publish["responses"]["412"].is_object());
}

#[tokio::test]
async fn of_sixty_four_edits_and_steps_of_one_version_one_passes() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let current = instructor.get(&course.path("")).await.header("etag").to_owned();
    let calls: Vec<_> = (0..64)
        .map(|number| {
            let (caller, course) = (instructor.with_header("if-match", &current), course.clone());
            tokio::spawn(async move {
                match number % 4 {
                    0 => caller.post(&course.path("/publish"), json!({})).await.status,
                    1 => caller.put(&course.path("/tags"), json!([number.to_string()])).await.status,
                    2 => caller.patch(&course.path(""), json!({ "title": number.to_string() })).await.status,
                    _ => caller.delete(&course.path("")).await.status,
                }
            })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        match call.await.unwrap() {
            200 | 204 => passed += 1,
            412 | 404 => {}
            status => panic!("{status}"),
        }
    }
    assert_eq!(passed, 1);
}

#[tokio::test]
async fn a_deleted_course_shows_to_administrators_who_ask_for_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("?deleted=true");
    admin.get(&path).await.problem(404, "not-found");
    assert!(instructor.get(&course.path("")).await.ok().get("deleted_at").is_none());
    instructor.delete(&course.path("")).await.no_content();
    for caller in [&lyceum.anonymous(), &instructor] {
        caller.get(&path).await.problem(404, "not-found");
    }
    assert_eq!(admin.get(&path).await.ok()["deleted_at"], "2026-11-23T19:56:00Z");
    assert_eq!(admin.get("/v1/courses/a-course?deleted=true").await.ok()["id"], course.id);
    admin.get(&course.path("")).await.problem(404, "not-found");
    assert_eq!(admin.get(&course.path("?deleted=1")).await.faults(), ["deleted wrong_type"]);
}

#[tokio::test]
async fn only_its_staff_move_a_course_and_a_refusal_is_noted() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let (student, other) = (lyceum.student().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let steps = ["/publish", "/unpublish", "/archive", "/restore"];
    for step in steps {
        lyceum.anonymous().post(&course.path(step), json!({})).await.problem(401, "unauthorized");
        for caller in [&student, &other] {
            caller.post(&course.path(step), json!({})).await.problem(403, "forbidden");
        }
    }
    lyceum.anonymous().delete(&course.path("")).await.problem(401, "unauthorized");
    other.delete(&course.path("")).await.problem(403, "forbidden");
    let refused = lyceum.audited("request.refuse").await;
    assert_eq!(refused.len(), 9);
    assert_eq!(refused[8]["changes"]["route"]["to"], format!("DELETE {}", course.path("")));
    course.change(json!({ "visibility": "private" })).await;
    for step in steps {
        other.post(&course.path(step), json!({})).await.problem(404, "not-found");
    }
    other.delete(&course.path("")).await.problem(404, "not-found");
    admin.post(&course.path("/archive"), json!({})).await.ok();
    for step in steps {
        admin.post(&format!("/v1/courses/a-course{step}"), json!({})).await.problem(404, "not-found"); // takes ids
        admin.post(&course.path(step), json!({ "status": "draft" })).await.problem(422, "invalid");
    }
}

#[tokio::test]
async fn whoever_completed_a_course_keeps_it_from_becoming_a_draft() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    course.complete(&learner, 0).await;
    instructor.post(&course.path("/unpublish"), json!({})).await.problem(409, "learners-enrolled");
    assert!(lyceum.audited("course.unpublish").await.is_empty());
}

#[tokio::test]
async fn in_an_archived_course_the_enrolled_go_on_learning() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let id = course.enroll(&learner).await;
    instructor.post(&course.path("/archive"), json!({})).await.ok();
    learner.get(&format!("/v1/lessons/{}", course.lessons[0])).await.ok();
    assert_eq!(learner.post(&course.path("/enrollments"), json!({})).await.ok()["id"], id);
    assert_eq!(course.complete(&learner, 0).await["enrollment"]["status"], "completed");
    let stranger = lyceum.student().await;
    stranger.post(&course.path("/enrollments"), json!({})).await.problem(404, "not-found");
    let target = json!({ "user_id": stranger.id });
    instructor.post(&course.path("/enrollments"), target).await.problem(409, "not-enrollable");
}

#[tokio::test]
async fn a_deleted_course_is_gone_with_all_that_is_in_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = course.enroll(&learner).await;
    instructor.delete(&course.path("")).await.no_content();
    instructor.delete(&course.path("")).await.problem(404, "not-found");
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    for caller in [&learner, &instructor, &admin] {
        for path in [
            course.path("/outline"),
            "/v1/courses/a-course".to_owned(),
            format!("/v1/sections/{}", course.section),
            lesson.clone(),
            format!("{lesson}/media"),
            format!("/v1/enrollments/{enrollment}"),
        ] {
            caller.get(&path).await.problem(404, "not-found");
        }
        caller.put(&format!("{lesson}/completion"), json!({})).await.problem(404, "not-found");
        caller.patch(&lesson, json!({})).await.problem(404, "not-found");
        let lessons = format!("/v1/sections/{}/lessons", course.section);
        caller.post(&lessons, json!({ "title": "l" })).await.problem(404, "not-found");
    }
    instructor.post(&course.path("/restore"), json!({})).await.ok();
    learner.get(&lesson).await.ok();
    assert_eq!(lyceum.audited("course.restore").await[0]["resource_id"], course.id);
}

#[tokio::test]
async fn a_course_can_be_restored_for_30_days_by_its_staff() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let (first, second) = (
        CourseInProgress::published(&admin, &instructor, 1).await,
        CourseInProgress::published(&admin, &instructor, 1).await,
    );
    for course in [&first, &second] {
        instructor.delete(&course.path("")).await.no_content();
        for stranger in [lyceum.student().await, lyceum.instructor().await] {
            stranger.post(&course.path("/restore"), json!({})).await.problem(404, "not-found");
        }
        lyceum.anonymous().post(&course.path("/restore"), json!({})).await.problem(401, "unauthorized");
    }
    lyceum.clock.advance(TimeDelta::days(30));
    let admin = again(&admin).await;
    assert_eq!(admin.post(&first.path("/restore"), json!({})).await.ok()["status"], "published", "as it was");
    lyceum.clock.advance(TimeDelta::seconds(1));
    admin.post(&second.path("/restore"), json!({})).await.problem(409, "conflict");
    assert_eq!(admin.post(&second.path("/restore"), json!({ "slug": "A B" })).await.faults(), ["/slug invalid_slug"]);
    assert_eq!(lyceum.audited("course.delete").await.len(), 2);
}

/// The same caller, signed in anew: an access token lasts for minutes.
async fn again(caller: &Caller) -> Caller {
    caller.with_token(caller.sign_in(PASSWORD).await.ok()["access_token"].as_str().unwrap())
}
