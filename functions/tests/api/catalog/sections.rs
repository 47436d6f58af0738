use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn sections_are_written_by_staff_and_read_in_the_outline() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let answer = instructor.post(&course.path("/sections"), json!({ "title": "Two", "description": "d" })).await;
    assert_eq!(answer.header("etag"), "\"v1\"");
    let section = answer.created();
    assert_eq!((section["display_order"].as_i64(), section["course_id"].as_str()), (Some(2), Some(course.id.as_str())));
    let path = format!("/v1/sections/{}", section["id"].as_str().unwrap());
    let changed = instructor.patch(&path, json!({ "title": "Zwei", "description": null })).await.ok();
    assert_eq!((changed["title"].as_str(), changed["version"].as_i64()), (Some("Zwei"), Some(2)));
    instructor
        .with_header("if-match", "\"v1\"")
        .patch(&path, json!({ "title": "x" }))
        .await
        .problem(412, "precondition-failed");
    assert_eq!(instructor.get(&path).await.ok()["title"], "Zwei");
    student.get(&path).await.problem(403, "forbidden");
    lyceum.anonymous().get(&path).await.problem(401, "unauthorized");
    student.patch(&path, json!({})).await.problem(403, "forbidden");
    student.delete(&path).await.problem(403, "forbidden");
    let outline = lyceum.anonymous().get(&course.path("/outline")).await.ok();
    assert_eq!(outline["sections"][1]["title"], "Zwei");
    course.change(json!({ "visibility": "private" })).await;
    student.get(&path).await.problem(404, "not-found");
    student.delete(&path).await.problem(404, "not-found");
    instructor.delete(&path).await.no_content();
    instructor.get(&path).await.problem(404, "not-found");
    for (action, rows) in [("section.create", 2), ("section.update", 1), ("section.delete", 1)] {
        assert_eq!(lyceum.audited(action).await.len(), rows, "{action}");
    }
}

#[tokio::test]
async fn an_order_is_the_complete_list_and_guarded_by_the_courses_version() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let second = instructor.post(&course.path("/sections"), json!({ "title": "Two" })).await.created()["id"].clone();
    let path = course.path("/sections/order");
    instructor.put(&path, json!([second])).await.problem(409, "incomplete-order");
    let stale = instructor.with_header("if-match", "\"v9\"");
    stale.put(&path, json!([second, course.section])).await.problem(412, "precondition-failed");
    let ordered = instructor.with_header("if-match", "\"v1\"").put(&path, json!([second, course.section])).await;
    assert_eq!(ordered.header("etag"), "\"v2\"", "the course's, for the next one");
    assert_eq!(ordered.ok()["data"][0]["id"], second);
    assert_eq!(instructor.get(&course.path("")).await.header("etag"), "\"v2\"");
    let again = instructor.put(&path, json!([second, course.section])).await;
    assert_eq!(again.header("etag"), "\"v2\"");
    assert_eq!(instructor.get(&course.path("")).await.header("etag"), "\"v2\"", "nothing was changed");
    assert_eq!(lyceum.audited("section.order").await.len(), 1);
    // A section of another course is nobody here.
    let other = CourseInProgress::draft(&admin, &instructor, 0).await;
    let problem =
        instructor.put(&path, json!([second, course.section, other.section])).await.problem(409, "incomplete-order");
    assert_eq!(problem["unknown"], json!([other.section]));
}

#[tokio::test]
async fn a_section_with_a_completed_lesson_stays() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    course.enroll(&learner).await;
    course.complete(&learner, 0).await;
    for path in [format!("/v1/sections/{}", course.section), format!("/v1/lessons/{}", course.lessons[0])] {
        let problem = instructor.delete(&path).await.problem(409, "lesson-completed");
        assert_eq!(problem["lessons"], json!([{ "id": course.lessons[0], "title": "Lesson 1" }]));
    }
    instructor.delete(&format!("/v1/lessons/{}", course.lessons[1])).await.no_content();
    let empty = instructor.post(&course.path("/sections"), json!({ "title": "x" })).await.created();
    instructor.delete(&format!("/v1/sections/{}", empty["id"].as_str().unwrap())).await.no_content();
    assert_ne!(instructor.get(&course.path("")).await.ok(), Value::Null);
}

#[tokio::test]
async fn bad_input_is_told() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let body = json!({ "description": 1, "display_order": "1", "course_id": course.id, "version": 2 });
    let mut faults = instructor.post(&course.path("/sections"), body).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/course_id unknown_field",
            "/description wrong_type",
            "/display_order wrong_type",
            "/title required",
            "/version unknown_field",
        ]
    );
    let path = format!("/v1/sections/{}", course.section);
    let mut faults = instructor.patch(&path, json!({ "title": null, "display_order": null })).await.faults();
    faults.sort();
    assert_eq!(faults, ["/display_order not_clearable", "/title not_clearable"]);
    assert_eq!(instructor.patch(&path, json!({ "title": "x".repeat(256) })).await.faults(), ["/title too_long"]);
    for unknown in ["x", "01a20b2a-4c1d-72f6-bc2d-c4797948c40a"] {
        instructor.get(&format!("/v1/sections/{unknown}")).await.problem(404, "not-found");
        instructor.patch(&format!("/v1/sections/{unknown}"), json!({})).await.problem(404, "not-found");
        let create = instructor.post(&format!("/v1/courses/{unknown}/sections"), json!({ "title": "x" })).await;
        create.problem(404, "not-found");
    }
}

#[tokio::test]
async fn whatever_place_one_has_another_comes_behind_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    for display_order in [i64::from(i32::MAX), i64::from(i32::MAX) - 1, 1_000_000, -1] {
        for path in [course.path("/sections"), format!("/v1/sections/{}/lessons", course.section)] {
            let body = json!({ "title": "placed", "display_order": display_order });
            let placed = instructor.post(&path, body).await.status;
            let behind = instructor.post(&path, json!({ "title": "behind" })).await.status;
            assert!([201, 422].contains(&placed) && behind == 201, "{display_order} at {path}: {placed}, {behind}");
        }
    }
}

#[tokio::test]
async fn a_version_guards_a_section_and_only_changes_raise_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let path = format!("/v1/sections/{}", course.section);
    let same = instructor.patch(&path, json!({ "title": "A section", "description": null })).await;
    assert_eq!(same.header("etag"), "\"v1\"");
    assert!(lyceum.audited("section.update").await.is_empty());
    for known in ["\"v1\"", "W/\"v1\""] {
        instructor.with_header("if-none-match", known).get(&path).await.is(304);
    }
    let changed = instructor.with_header("if-match", "W/\"v1\"").patch(&path, json!({ "description": "d" })).await;
    assert_eq!(changed.header("etag"), "\"v2\"");
    let stale = instructor.with_header("if-match", "\"v1\"");
    let order = json!(course.lessons);
    for answer in [
        stale.patch(&path, json!({ "title": "x" })).await,
        stale.delete(&path).await,
        stale.put(&format!("{path}/lessons/order"), order).await,
    ] {
        assert_eq!(answer.problem(412, "precondition-failed")["current"], "\"v2\"");
    }
    assert_eq!(instructor.get(&path).await.ok()["title"], "A section");
    instructor.with_header("if-match", "\"v1\", \"v2\"").delete(&path).await.no_content();
    let gone = format!("/v1/lessons/{}", course.lessons[0]);
    instructor.get(&gone).await.problem(404, "not-found");
}

#[tokio::test]
async fn strangers_write_no_sections() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let (section, order) = (format!("/v1/sections/{}", course.section), course.path("/sections/order"));
    for (method, path, body) in [
        ("POST", course.path("/sections"), json!({ "title": "x" })),
        ("PUT", order, json!([course.section])),
        ("PATCH", section.clone(), json!({ "title": "x" })),
        ("DELETE", section, json!({})),
    ] {
        lyceum.anonymous().send(method, &path, Some(body.clone())).await.problem(401, "unauthorized");
        for caller in [&learner, &lyceum.instructor().await] {
            caller.send(method, &path, Some(body.clone())).await.problem(403, "forbidden");
        }
    }
    let outline = learner.get(&course.path("/outline")).await.ok();
    assert_eq!(
        (outline["sections"].as_array().unwrap().len(), &outline["sections"][0]["title"]),
        (1, &json!("A section"))
    );
}
