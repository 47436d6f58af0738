//! Only staff can reach unpublished lessons and their media.

use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn only_staff_can_see_an_unpublished_lesson_on_any_path() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    let secret = json!({ "title": "Whisperings", "markdown_content": "Whispered.", "description": "Whispering" });
    let hidden = course.add_lesson(secret).await;
    let enrollment = course.enroll(&learner).await;
    let completion = format!("/v1/lessons/{hidden}/completion");
    learner.get(&format!("/v1/lessons/{hidden}")).await.problem(404, "not-found");
    learner.get(&format!("/v1/lessons/{hidden}/media")).await.problem(404, "not-found");
    learner.put(&completion, json!({})).await.problem(404, "not-found");
    learner.delete(&completion).await.problem(404, "not-found");
    learner.patch(&format!("/v1/lessons/{hidden}"), json!({ "is_published": true })).await.problem(404, "not-found");
    course.complete(&learner, 0).await;
    for path in [
        course.path(""),
        course.path("/outline"),
        "/v1/courses".to_owned(),
        "/v1/courses?q=whisperings".to_owned(),
        "/v1/me/enrollments".to_owned(),
        "/v1/me/export".to_owned(),
        format!("/v1/enrollments/{enrollment}"),
        format!("/v1/lessons/{}", course.lessons[0]),
    ] {
        let answer = learner.get(&path).await.is(200);
        assert!(!answer.text.contains("Whisper") && !answer.text.contains(&hidden), "{path}: {}", answer.text);
    }
    for staff in [&instructor, &admin] {
        staff.get(&format!("/v1/lessons/{hidden}")).await.ok();
        staff.get(&format!("/v1/lessons/{hidden}/media")).await.ok();
        assert!(staff.get(&course.path("/outline")).await.is(200).text.contains(&hidden));
    }
}

#[tokio::test]
async fn an_unpublished_lesson_is_hidden_from_the_next_request_on() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let enrollment = course.enroll(&learner).await;
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    learner.get(&lesson).await.ok();
    instructor.patch(&lesson, json!({ "is_published": false })).await.ok();
    learner.get(&lesson).await.problem(404, "not-found");
    learner.get(&format!("{lesson}/media")).await.problem(404, "not-found");
    let progress = learner.get(&format!("/v1/enrollments/{enrollment}")).await.is(200);
    assert!(!progress.text.contains(&course.lessons[0]), "{}", progress.text);
    let outline = learner.get(&course.path("/outline")).await.is(200);
    assert!(!outline.text.contains(&course.lessons[0]), "{}", outline.text);
}
