//! What 64 clients do at the same instant.

use std::future::Future;

use serde_json::json;

use crate::harness::{Answer, CourseInProgress, Lyceum};

/// Runs them all at once, and gives their answers.
async fn at_once<F: Future<Output = Answer> + Send + 'static>(calls: impl IntoIterator<Item = F>) -> Vec<Answer> {
    let running: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for call in running {
        answers.push(call.await.unwrap());
    }
    answers
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_enrolments_one_is_201_and_the_rest_200_with_the_same_row() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let answers = at_once((0..64).map(|_| {
        let (learner, path) = (learner.clone(), course.path("/enrollments"));
        async move { learner.post(&path, json!({})).await }
    }))
    .await;
    assert_eq!((with_status(&answers, 201), with_status(&answers, 200)), (1, 63));
    assert!(answers.iter().all(|answer| answer.body["id"] == answers[0].body["id"]));
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, 1);
    assert_eq!(lyceum.audited("enrollment.create").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_two_lessons_completed_by_64_clients_complete_the_course_once() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    course.complete(&learner, 0).await;
    let answers = at_once((0..64).map(|number| {
        let (learner, path) = (learner.clone(), format!("/v1/lessons/{}/completion", course.lessons[1 + number % 2]));
        async move { learner.put(&path, json!({})).await }
    }))
    .await;
    assert_eq!(with_status(&answers, 200), 64);
    let seen = learner.get(&enrollment).await.ok();
    assert_eq!((&seen["status"], &seen["completion_percentage"]), (&json!("completed"), &json!("100.00")));
    assert_eq!(lyceum.count("SELECT count(*) FROM lesson_completions").await, 3);
    assert_eq!(lyceum.audited("lesson_completion.create").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_edits_of_one_version_one_wins() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let version = instructor.get(&course.path("")).await.header("etag").to_owned();
    let answers = at_once((0..64).map(|number| {
        let (instructor, path) = (instructor.with_header("if-match", &version), course.path(""));
        async move { instructor.patch(&path, json!({ "title": format!("Edit {number}") })).await }
    }))
    .await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 412)), (1, 63));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_courses_with_one_slug_one_is_made() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = admin.post("/v1/categories", json!({ "name": "c" })).await.created()["id"].clone();
    let answers = at_once((0..64).map(|_| {
        let instructor = instructor.clone();
        let body = json!({ "title": "t", "description": "d", "category_id": category, "slug": "mine" });
        async move { instructor.post("/v1/courses", body).await }
    }))
    .await;
    assert_eq!((with_status(&answers, 201), with_status(&answers, 409)), (1, 63));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_taken_back_or_deleted_while_64_enrol_has_no_learner_or_stays() {
    for taken_back in [true, false] {
        let lyceum = Lyceum::new().await;
        let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        let mut callers = Vec::new();
        for _ in 0..16 {
            callers.push(lyceum.student().await);
        }
        let answers = at_once((0..64).map(|number| {
            let (learner, instructor) = (callers[number % callers.len()].clone(), instructor.clone());
            let (path, unpublish, delete) = (course.path("/enrollments"), course.path("/unpublish"), course.path(""));
            async move {
                match (number, taken_back) {
                    (20, true) => instructor.post(&unpublish, json!({})).await,
                    (20, false) => instructor.delete(&delete).await,
                    _ => learner.post(&path, json!({})).await,
                }
            }
        }))
        .await;
        for answer in &answers {
            assert!([200, 201, 204, 404, 409].contains(&answer.status), "{}", answer.text);
        }
        let enrolled = with_status(&answers, 201);
        assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, i64::try_from(enrolled).unwrap());
        let lost = "SELECT count(*) FROM enrollments e JOIN courses c ON c.id = e.course_id WHERE c.status = 'draft'";
        assert_eq!(lyceum.count(lost).await, 0, "nobody is enrolled in a draft");
    }
}
