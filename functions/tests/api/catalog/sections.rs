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
    let ordered = instructor.with_header("if-match", "\"v1\"").put(&path, json!([second, course.section])).await.ok();
    assert_eq!(ordered["data"][0]["id"], second);
    assert_eq!(instructor.get(&course.path("")).await.header("etag"), "\"v2\"");
    instructor.put(&path, json!([second, course.section])).await.ok();
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
