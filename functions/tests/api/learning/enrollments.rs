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

#[tokio::test]
async fn the_next_lesson_is_the_first_uncompleted_one_in_order() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let second = instructor.post(&course.path("/sections"), json!({ "title": "Two" })).await.created()["id"].clone();
    let lessons = format!("/v1/sections/{}/lessons", second.as_str().unwrap());
    let lesson = json!({ "title": "Of two", "content": "c", "is_published": true });
    let of_two = instructor.post(&lessons, lesson).await.created()["id"].clone();
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    let next = || async { learner.get(&enrollment).await.ok()["next_lesson"].clone() };
    let told =
        json!({ "id": course.lessons[0], "title": "Lesson 1", "section_id": course.section, "lesson_type": "text" });
    assert_eq!(next().await, told);
    instructor.put(&course.path("/sections/order"), json!([second, course.section])).await.ok();
    assert_eq!(next().await["id"], of_two);
    let order = json!([course.lessons[1], course.lessons[0]]);
    instructor.put(&format!("/v1/sections/{}/lessons/order", course.section), order).await.ok();
    learner.put(&format!("/v1/lessons/{}/completion", of_two.as_str().unwrap()), json!({})).await.ok();
    assert_eq!(next().await["id"], course.lessons[1]);
    instructor.patch(&format!("/v1/lessons/{}", course.lessons[1]), json!({ "is_published": false })).await.ok();
    assert_eq!(next().await["id"], course.lessons[0]);
    assert_eq!(learner.get("/v1/me/enrollments").await.ok()["data"][0]["next_lesson"]["id"], course.lessons[0]);
    let sections = learner.get(&enrollment).await.ok()["sections"].clone();
    assert_eq!((&sections[0]["title"], &sections[1]["title"]), (&json!("Two"), &json!("A section")));
}

#[tokio::test]
async fn pages_of_enrolments_neither_repeat_nor_skip() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut courses = Vec::new();
    for _ in 0..5 {
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        course.enroll(&learner).await; // all at one instant
        courses.push(course);
    }
    let (mut path, mut met) = ("/v1/me/enrollments?limit=2".to_owned(), Vec::new());
    loop {
        let answer = learner.get(&path).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let link = answer.header("link").to_owned();
        let page = answer.ok();
        met.extend(page["data"].as_array().unwrap().iter().map(|one| one["course_id"].as_str().unwrap().to_owned()));
        if met.len() == 2 {
            instructor.delete(&format!("/v1/courses/{}", met[0])).await.no_content();
            CourseInProgress::published(&admin, &instructor, 1).await.enroll(&learner).await;
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/me/enrollments?limit=2&cursor={cursor}");
        assert_eq!(link, format!("<{path}>; rel=\"next\""));
    }
    met.reverse();
    assert_eq!(met, courses.iter().map(|course| course.id.clone()).collect::<Vec<_>>());
    for (query, fault) in
        [("cursor=x", "cursor invalid_cursor"), ("limit=0", "limit out_of_range"), ("q=x", "q unknown_field")]
    {
        assert_eq!(learner.get(&format!("/v1/me/enrollments?{query}")).await.faults(), [fault]);
    }
}

#[tokio::test]
async fn what_is_read_changes_nothing_and_is_not_logged() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    let rows = "SELECT count(*) FROM audit_logs";
    let before = (lyceum.count(rows).await, learner.get(&enrollment).await.ok());
    for path in ["/v1/me/enrollments", &enrollment, &course.path(""), &course.path("/outline"), "/v1/courses"] {
        learner.get(path).await.ok();
    }
    assert_eq!((lyceum.count(rows).await, learner.get(&enrollment).await.ok()), before);
    learner.get(&format!("/v1/lessons/{}", course.lessons[0])).await.ok();
    assert_eq!(lyceum.count(rows).await, before.0, "the last access is noted, and not logged");
}
