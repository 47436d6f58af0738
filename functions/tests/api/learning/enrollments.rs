use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn ones_own_enrolments_come_newest_first_with_the_next_lesson() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut courses = Vec::new();
    for _ in 0..3 {
        lyceum.clock.advance(chrono::TimeDelta::seconds(1));
        let course = CourseInProgress::published(&admin, &instructor, 2).await;
        course.enroll(&learner).await;
        courses.push(course);
    }
    courses[2].complete(&learner, 0).await;
    let first = learner.get("/v1/me/enrollments?limit=2").await.ok();
    assert_eq!(first["data"][0]["course"]["id"], courses[2].id);
    assert_eq!(first["data"][0]["course"]["slug"].as_str().map(|slug| slug.starts_with("a-course")), Some(true));
    assert_eq!(first["data"][0]["next_lesson"]["id"], courses[2].lessons[1]);
    assert_eq!(first["data"][1]["next_lesson"]["title"], "Lesson 1");
    let path = format!("/v1/me/enrollments?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = learner.get(&path).await.ok();
    assert_eq!(
        (second["data"][0]["course_id"].as_str(), second["data"].as_array().unwrap().len()),
        (Some(courses[0].id.as_str()), 1)
    );

    courses[2].complete(&learner, 1).await;
    let completed = learner.get("/v1/me/enrollments?status=completed").await.ok();
    assert_eq!(
        (completed["data"][0]["course_id"].as_str(), &completed["data"][0]["next_lesson"]),
        (Some(courses[2].id.as_str()), &json!(null))
    );
    instructor.delete(&courses[0].path("")).await.no_content();
    assert_eq!(learner.get("/v1/me/enrollments").await.ok()["data"].as_array().unwrap().len(), 2);
    assert!(lyceum.student().await.get("/v1/me/enrollments").await.ok()["data"].as_array().unwrap().is_empty());
    lyceum.anonymous().get("/v1/me/enrollments").await.problem(401, "unauthorized");
    assert_eq!(learner.get("/v1/me/enrollments?status=lost&cursor=x").await.faults(), ["status unknown_value"]);
}

#[tokio::test]
async fn progress_is_for_the_learner_and_the_staff_of_the_course() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 2).await;
    course
        .add_lesson(json!({ "title": "Optional", "content": "c", "is_published": true, "requires_completion": false }))
        .await;
    let path = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    learner.put(&format!("/v1/lessons/{}/completion", course.lessons[0]), json!({ "notes": "n" })).await.ok();
    for caller in [&learner, &instructor, &admin] {
        let seen = caller.get(&path).await.ok();
        let section = &seen["sections"][0];
        assert_eq!((section["completed_lessons"].as_i64(), section["total_lessons"].as_i64()), (Some(1), Some(2)));
        assert_eq!(
            (&section["lessons"][0]["notes"], &section["lessons"][1]["completed_at"]),
            (&json!("n"), &json!(null))
        );
        assert_eq!((&seen["completion_percentage"], &seen["course"]["id"]), (&json!("50.00"), &json!(course.id)));
        assert_eq!(section["lessons"].as_array().unwrap().len(), 3);
    }
    for caller in [&lyceum.student().await, &lyceum.instructor().await] {
        caller.get(&path).await.problem(404, "not-found");
        caller.delete(&path).await.problem(404, "not-found");
    }
    lyceum.anonymous().get(&path).await.problem(401, "unauthorized");
    learner.get("/v1/enrollments/x").await.problem(404, "not-found");
}
