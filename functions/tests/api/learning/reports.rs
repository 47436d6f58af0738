use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

async fn complete(course: &CourseInProgress, learner: &Caller, lesson: usize, minutes: u32) {
    let path = format!("/v1/lessons/{}/completion", course.lessons[lesson]);
    learner.put(&path, json!({ "time_spent_minutes": minutes })).await.ok();
}

#[tokio::test]
async fn the_report_tells_who_is_where_how_long_it_took_and_where_learners_stop() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 3).await;
    course.add_lesson(json!({ "title": "Draft", "content": "c" })).await;
    let mut learners = Vec::new();
    for _ in 0..6 {
        let learner = lyceum.student().await;
        let enrollment = course.enroll(&learner).await;
        learners.push((learner, enrollment));
    }
    for (minutes, learner) in [(1, 0), (2, 1), (6, 2)] {
        lyceum.clock.advance(TimeDelta::minutes(1));
        for lesson in 0..3 {
            complete(&course, &learners[learner].0, lesson, minutes * 10).await;
        }
    }
    complete(&course, &learners[3].0, 0, 0).await;
    complete(&course, &learners[4].0, 1, 40).await;
    learners[4].0.delete(&format!("/v1/enrollments/{}", learners[4].1)).await.no_content();

    let report = instructor.get(&course.path("/report")).await.ok();
    assert_eq!(report["enrollments"], json!({ "total": 6, "active": 2, "completed": 3, "dropped": 1 }));
    assert_eq!((&report["course_id"], &report["completion_rate"]), (&json!(course.id), &json!("50.00")));
    assert_eq!(report["not_started"], 1);
    assert_eq!(report["median_seconds_to_complete"], 120.0);
    assert_eq!(report["median_time_spent_minutes"], 60.0);
    let lessons = report["lessons"].as_array().unwrap();
    let one = |lesson: &Value| {
        json!([lesson["id"], lesson["completed"], lesson["stopped_here"], lesson["median_time_spent_minutes"]])
    };
    assert_eq!(
        lessons.iter().map(one).collect::<Vec<_>>(),
        [
            json!([course.lessons[0], 4, 1, 20.0]),
            json!([course.lessons[1], 4, 1, 30.0]),
            json!([course.lessons[2], 3, 0, 20.0]),
        ]
    );
    let first = json!({
        "id": course.lessons[0], "title": "Lesson 1", "section_id": course.section, "requires_completion": true,
        "completed": 4, "stopped_here": 1, "median_time_spent_minutes": 20.0,
    });
    assert_eq!(lessons[0], first);
}

#[tokio::test]
async fn a_course_without_learners_has_a_report_too() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    assert_eq!(
        instructor.get(&course.path("/report")).await.ok(),
        json!({
            "course_id": course.id, "enrollments": { "total": 0, "active": 0, "completed": 0, "dropped": 0 },
            "completion_rate": "0.00", "median_seconds_to_complete": null, "median_time_spent_minutes": null,
            "not_started": 0, "lessons": [],
        })
    );
}

#[tokio::test]
async fn the_report_is_for_the_staff_of_the_course() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let path = course.path("/report");
    lyceum.anonymous().get(&path).await.problem(401, "unauthorized");
    for stranger in [&learner, &lyceum.instructor().await] {
        stranger.get(&path).await.problem(403, "forbidden");
    }
    for staff in [&instructor, &admin] {
        assert_eq!(staff.get("/v1/courses/a-course/report").await.ok()["enrollments"]["total"], 1);
    }
    course.change(json!({ "visibility": "private" })).await;
    lyceum.instructor().await.get(&path).await.problem(404, "not-found");
    assert_eq!(instructor.get(&format!("{path}?x=1")).await.faults(), ["x unknown_field"]);
    instructor.delete(&course.path("")).await.no_content();
    instructor.get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn with_the_replica_away_the_writer_tells() {
    let away = |name: &str| (name == "READER_DATABASE_URL").then(|| "postgres://nobody@127.0.0.1:9/nothing".to_owned());
    let lyceum = Lyceum::with(away).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&lyceum.student().await).await;
    assert_eq!(instructor.get(&course.path("/report")).await.ok()["enrollments"]["total"], 1);
}
