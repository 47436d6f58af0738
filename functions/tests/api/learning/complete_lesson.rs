use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn the_percentage_is_rounded_down_and_100_means_all() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    course.enroll(&learner).await;
    for (lesson, percentage, status) in [(0, "33.33", "active"), (1, "66.66", "active"), (2, "100.00", "completed")] {
        lyceum.clock.advance(TimeDelta::minutes(1));
        let answer = course.complete(&learner, lesson).await;
        assert_eq!(
            (&answer["enrollment"]["completion_percentage"], &answer["enrollment"]["status"]),
            (&json!(percentage), &json!(status))
        );
        assert_eq!(answer["completion"]["lesson_id"], course.lessons[lesson]);
        assert_eq!(answer["enrollment"]["completed_at"].is_null(), status == "active");
        assert_eq!(answer["enrollment"]["last_accessed_at"], answer["completion"]["completed_at"]);
    }
    assert_eq!(lyceum.audited("lesson_completion.create").await.len(), 3);
}

#[tokio::test]
async fn the_same_call_again_changes_time_and_notes_alone() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    course.enroll(&learner).await;
    let path = format!("/v1/lessons/{}/completion", course.lessons[0]);
    let first = learner.put(&path, json!({ "time_spent_minutes": 10, "notes": "n" })).await.ok();
    lyceum.clock.advance(TimeDelta::minutes(5));
    let same = learner.put(&path, json!({})).await.ok();
    assert_eq!(same["completion"], first["completion"]);
    let again = learner.put(&path, json!({ "time_spent_minutes": 12, "notes": null })).await.ok();
    assert_eq!(
        (again["completion"]["time_spent_minutes"].as_i64(), &again["completion"]["notes"]),
        (Some(12), &Value::Null)
    );
    assert_eq!(again["completion"]["completed_at"], first["completion"]["completed_at"]);
    assert_eq!(again["enrollment"]["completion_percentage"], "50.00");
    assert_eq!(lyceum.audited("lesson_completion.update").await.len(), 1);
    for (body, fault) in [
        (json!({ "time_spent_minutes": -1 }), "/time_spent_minutes out_of_range"),
        (json!({ "time_spent_minutes": 10001 }), "/time_spent_minutes out_of_range"),
        (json!({ "time_spent_minutes": 1.5 }), "/time_spent_minutes wrong_type"),
        (json!({ "completed_at": "2020-01-01T00:00:00Z" }), "/completed_at unknown_field"),
    ] {
        assert_eq!(learner.put(&path, body).await.faults(), [fault]);
    }
}

#[tokio::test]
async fn optional_and_unpublished_lessons_do_not_count() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    course
        .add_lesson(json!({ "title": "Optional", "content": "c", "is_published": true, "requires_completion": false }))
        .await;
    course.add_lesson(json!({ "title": "Draft", "content": "c" })).await;
    course.enroll(&learner).await;
    assert_eq!(course.complete(&learner, 1).await["enrollment"]["completion_percentage"], "0.00");
    let done = course.complete(&learner, 0).await;
    assert_eq!(
        (&done["enrollment"]["completion_percentage"], &done["enrollment"]["status"]),
        (&json!("100.00"), &json!("completed"))
    );
}

#[tokio::test]
async fn without_lessons_that_count_a_course_can_not_be_completed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 0).await;
    course
        .add_lesson(json!({ "title": "Optional", "content": "c", "is_published": true, "requires_completion": false }))
        .await;
    instructor.post(&course.path("/publish"), json!({})).await.ok();
    course.enroll(&learner).await;
    let answer = course.complete(&learner, 0).await;
    assert_eq!(
        (&answer["enrollment"]["completion_percentage"], &answer["enrollment"]["status"]),
        (&json!("0.00"), &json!("active"))
    );
}

#[tokio::test]
async fn completions_of_lessons_that_are_gone_never_count() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    course.enroll(&learner).await;
    course.complete(&learner, 0).await;
    instructor.patch(&format!("/v1/lessons/{}", course.lessons[0]), json!({ "is_published": false })).await.ok();
    let answer = course.complete(&learner, 1).await;
    assert_eq!(answer["enrollment"]["completion_percentage"], "50.00", "one of the two that are left");
}

#[tokio::test]
async fn a_completed_course_stays_completed_and_tells_what_is_new() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    let completed_at = course.complete(&learner, 0).await["enrollment"]["completed_at"].clone();
    let path = format!("/v1/lessons/{}/completion", course.lessons[0]);
    learner.delete(&path).await.problem(409, "course-completed");
    lyceum.clock.advance(TimeDelta::days(1));
    let learner =
        learner.with_token(learner.sign_in(crate::harness::PASSWORD).await.ok()["access_token"].as_str().unwrap());
    let instructor = instructor
        .with_token(instructor.sign_in(crate::harness::PASSWORD).await.ok()["access_token"].as_str().unwrap());
    course.instructor = instructor;
    let new = course.add_lesson(json!({ "title": "New", "content": "c", "is_published": true })).await;
    let seen = learner.get(&enrollment).await.ok();
    assert_eq!(
        (seen["new_since_completion"].as_i64(), seen["next_lesson"]["id"].as_str()),
        (Some(1), Some(new.as_str()))
    );
    let answer = course.complete(&learner, 1).await;
    assert_eq!(
        (&answer["enrollment"]["completion_percentage"], &answer["enrollment"]["completed_at"]),
        (&json!("100.00"), &completed_at)
    );
    assert_eq!(learner.get(&enrollment).await.ok()["new_since_completion"], 0);
}

#[tokio::test]
async fn a_completion_can_be_taken_back() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    course.complete(&learner, 0).await;
    let path = format!("/v1/lessons/{}/completion", course.lessons[0]);
    for _ in 0..2 {
        learner.delete(&path).await.no_content();
    }
    assert_eq!(learner.get(&enrollment).await.ok()["completion_percentage"], "0.00");
    assert_eq!(lyceum.audited("lesson_completion.delete").await.len(), 1);
}

#[tokio::test]
async fn only_the_enrolled_complete() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = format!("/v1/lessons/{}/completion", course.lessons[0]);
    lyceum.anonymous().put(&path, json!({})).await.problem(401, "unauthorized");
    lyceum.student().await.put(&path, json!({})).await.problem(403, "forbidden");
    instructor.put(&path, json!({})).await.problem(403, "forbidden");
    instructor.delete(&path).await.problem(403, "forbidden");
    lyceum.student().await.put("/v1/lessons/x/completion", json!({})).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_withdrawn_lesson_or_a_dropped_course_takes_no_completion() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let enrollment = course.enroll(&learner).await;
    course.complete(&learner, 0).await;
    let completion = |lesson: usize| format!("/v1/lessons/{}/completion", course.lessons[lesson]);
    instructor.patch(&format!("/v1/lessons/{}", course.lessons[0]), json!({ "is_published": false })).await.ok();
    learner.put(&completion(0), json!({})).await.problem(404, "not-found");
    learner.delete(&completion(0)).await.problem(404, "not-found");
    learner.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    learner.put(&completion(1), json!({})).await.problem(403, "forbidden");
    learner.delete(&completion(1)).await.problem(403, "forbidden");
    assert_eq!(lyceum.count("SELECT count(*) FROM lesson_completions").await, 1);
}

#[tokio::test]
async fn the_time_has_bounds_and_every_fault_is_told() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    course.enroll(&learner).await;
    let path = format!("/v1/lessons/{}/completion", course.lessons[0]);
    for minutes in [10_000, 0] {
        let answer = learner.put(&path, json!({ "time_spent_minutes": minutes })).await.ok();
        assert_eq!(answer["completion"]["time_spent_minutes"], minutes, "a total, not a sum");
    }
    let body = json!({ "time_spent_minutes": null, "notes": "a\0", "lesson_id": "x" });
    let mut faults = learner.put(&path, body).await.faults();
    faults.sort();
    assert_eq!(faults, ["/lesson_id unknown_field", "/notes invalid_text", "/time_spent_minutes not_clearable"]);
    let body = json!({ "time_spent_minutes": "5", "notes": "x".repeat(10_001) });
    let mut faults = learner.put(&path, body).await.faults();
    faults.sort();
    assert_eq!(faults, ["/notes too_long", "/time_spent_minutes wrong_type"]);
}

#[tokio::test]
async fn what_a_learner_notes_stays_out_of_the_log() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let path = format!("/v1/lessons/{}/completion", course.lessons[0]);
    for notes in ["My own words", "My own words, again"] {
        learner.put(&path, json!({ "notes": notes })).await.ok();
    }
    for action in ["lesson_completion.create", "lesson_completion.update"] {
        let rows = lyceum.audited(action).await;
        assert_eq!(rows.len(), 1, "{action}");
        assert!(rows[0]["changes"].get("notes").is_some(), "by name");
        assert!(!rows[0].to_string().contains("My own words"), "and no more: {}", rows[0]);
    }
}

#[tokio::test]
async fn a_new_lesson_lowers_the_percentage_of_who_is_not_done() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 2).await;
    course.enroll(&learner).await;
    assert_eq!(course.complete(&learner, 0).await["enrollment"]["completion_percentage"], "50.00");
    course.add_lesson(json!({ "title": "New", "content": "c", "is_published": true })).await;
    assert_eq!(course.complete(&learner, 0).await["enrollment"]["completion_percentage"], "33.33");
    course.complete(&learner, 1).await;
    assert_eq!(course.complete(&learner, 2).await["enrollment"]["status"], "completed");
}

#[tokio::test]
async fn one_learners_progress_is_not_anothers() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let (learner, other) = (lyceum.student().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let enrollments = [course.enroll(&learner).await, course.enroll(&other).await];
    course.complete(&learner, 0).await;
    assert_eq!(course.complete(&other, 1).await["enrollment"]["completion_percentage"], "50.00");
    course.complete(&learner, 1).await;
    let seen = other.get(&format!("/v1/enrollments/{}", enrollments[1])).await.ok();
    assert_eq!((&seen["status"], &seen["next_lesson"]["id"]), (&json!("active"), &json!(course.lessons[0])));
    learner.get(&format!("/v1/enrollments/{}", enrollments[1])).await.problem(404, "not-found");
}
