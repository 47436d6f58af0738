use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn dropping_keeps_history_and_coming_back_takes_it_up() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let id = course.enroll(&learner).await;
    course.complete(&learner, 0).await;
    let path = format!("/v1/enrollments/{id}");
    lyceum.student().await.delete(&path).await.problem(404, "not-found");
    for _ in 0..2 {
        learner.delete(&path).await.no_content();
    }
    assert_eq!(lyceum.audited("enrollment.drop").await.len(), 1);
    let dropped = learner.get(&path).await.ok();
    assert_eq!(
        (dropped["status"].as_str(), dropped["completion_percentage"].as_str()),
        (Some("dropped"), Some("50.00"))
    );
    let completion = format!("/v1/lessons/{}/completion", course.lessons[1]);
    learner.put(&completion, json!({})).await.problem(403, "forbidden");

    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!(
        (back["id"].as_str(), back["status"].as_str(), back["completion_percentage"].as_str()),
        (Some(id.as_str()), Some("active"), Some("50.00"))
    );
    assert_eq!(lyceum.audited("enrollment.resume").await.len(), 1);
    course.complete(&learner, 1).await;
    learner.delete(&path).await.no_content();
    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!((back["status"].as_str(), back["completion_percentage"].as_str()), (Some("completed"), Some("100.00")));
}

#[tokio::test]
async fn coming_back_takes_what_it_takes_to_enrol() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    let path = course.path("/enrollments");
    learner.delete(&enrollment).await.no_content();
    course.change(json!({ "visibility": "restricted" })).await;
    learner.post(&path, json!({})).await.problem(403, "forbidden");
    course.change(json!({ "visibility": "public", "price": "1" })).await;
    learner.post(&path, json!({})).await.problem(409, "payment-required");
    course.change(json!({ "price": "0" })).await;
    sqlx::query("INSERT INTO course_prerequisites (course_id, prerequisite_course_id) VALUES ($1::uuid, $2::uuid)")
        .bind(&course.id)
        .bind(&first.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    learner.post(&path, json!({})).await.problem(409, "prerequisites-unmet");
    instructor.post(&course.path("/archive"), json!({})).await.ok();
    learner.post(&path, json!({})).await.problem(404, "not-found");
    instructor.post(&course.path("/publish"), json!({})).await.ok();
    first.enroll(&learner).await;
    first.complete(&learner, 0).await;
    assert_eq!(learner.post(&path, json!({})).await.ok()["status"], "active");
    assert_eq!(lyceum.audited("enrollment.resume").await.len(), 1);
}

#[tokio::test]
async fn coming_back_counts_the_lessons_of_now() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 2).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    course.complete(&learner, 0).await;
    learner.delete(&enrollment).await.no_content();
    for number in 0..2 {
        course.add_lesson(json!({ "title": format!("New {number}"), "content": "c", "is_published": true })).await;
    }
    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!((&back["status"], &back["completion_percentage"]), (&json!("active"), &json!("25.00")));
    learner.delete(&enrollment).await.no_content();
    for lesson in &course.lessons[1..] {
        instructor.patch(&format!("/v1/lessons/{lesson}"), json!({ "is_published": false })).await.ok();
    }
    lyceum.clock.advance(TimeDelta::minutes(1));
    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!(
        (&back["status"], &back["completion_percentage"], &back["completed_at"]),
        (&json!("completed"), &json!("100.00"), &json!("2026-11-23T19:57:00Z"))
    );
}

#[tokio::test]
async fn a_completed_enrolment_comes_back_completed_at_its_first_time() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    let completed_at = course.complete(&learner, 0).await["enrollment"]["completed_at"].clone();
    learner.delete(&enrollment).await.no_content();
    course.add_lesson(json!({ "title": "New", "content": "c", "is_published": true })).await;
    lyceum.clock.advance(TimeDelta::minutes(1));
    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!(
        (&back["status"], &back["completion_percentage"], &back["completed_at"]),
        (&json!("completed"), &json!("100.00"), &completed_at)
    );
    let completion = format!("/v1/lessons/{}/completion", course.lessons[0]);
    learner.delete(&completion).await.problem(409, "course-completed");
}

#[tokio::test]
async fn staff_drop_a_learner_and_who_only_reads_does_not() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    sqlx::query("INSERT INTO roles (name, permissions) VALUES ('registrar', '[\"enrollments:read:any\"]')")
        .execute(&lyceum.database)
        .await
        .unwrap();
    let registrar = lyceum.signed_in("registrar").await;
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    lyceum.anonymous().delete(&path).await.problem(401, "unauthorized");
    assert_eq!(registrar.get(&path).await.ok()["user_id"], learner.id);
    registrar.delete(&path).await.problem(403, "forbidden");
    assert_eq!(learner.get(&path).await.ok()["status"], "active");
    instructor.delete(&path).await.no_content();
    let dropped = &lyceum.audited("enrollment.drop").await[0];
    assert_eq!((&dropped["user_id"], &dropped["changes"]["status"]["to"]), (&json!(instructor.id), &json!("dropped")));
}

#[tokio::test]
async fn whoever_dropped_a_private_course_learns_nothing_new_of_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    course.complete(&learner, 0).await;
    learner.delete(&enrollment).await.no_content();
    course.change(json!({ "visibility": "private", "title": "Secret title", "slug": "secret-slug" })).await;
    course.add_lesson(json!({ "title": "Secret", "content": "c", "is_published": true })).await;
    learner.get(&course.path("/outline")).await.problem(404, "not-found");
    for path in [enrollment.as_str(), "/v1/me/enrollments", "/v1/me/export"] {
        let seen = learner.get(path).await.is(200).text.to_lowercase();
        assert!(!seen.contains("secret"), "{path}: {seen}");
    }
    assert_eq!(instructor.get(&enrollment).await.ok()["course"]["title"], "Secret title");
    assert_eq!(learner.get(&enrollment).await.ok()["completion_percentage"], "100.00");
    assert_ne!(instructor.get(&enrollment).await.ok()["sections"], Value::Null);
}

#[tokio::test]
async fn whoever_dropped_a_course_that_was_deleted_is_not_told_its_title_any_more() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = course.enroll(&learner).await;
    learner.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    instructor.delete(&course.path("")).await.no_content();
    let export = learner.get("/v1/me/export").await.ok();
    let known = &export["enrollments"][0];
    assert_eq!((&known["id"], &known["course_title"]), (&json!(enrollment), &Value::Null));
}
