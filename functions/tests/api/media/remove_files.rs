//! Removal of documents and videos from lessons.

use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn a_removed_document_disappears_from_its_lesson_and_its_file_is_marked_for_removal() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let lesson = course.lessons[0].clone();
    let one = lyceum.shows(&course.id, &lesson, &instructor, "document").await;
    let other = lyceum.shows(&course.id, &lesson, &instructor, "document").await;
    let (lesson, media) = (format!("/v1/lessons/{lesson}"), format!("/v1/lessons/{lesson}/media"));
    let before = instructor.get(&lesson).await.ok();
    let path = format!("{lesson}/documents/{one}");
    lyceum.anonymous().delete(&path).await.problem(401, "unauthorized");
    learner.delete(&path).await.problem(403, "forbidden");
    let stale = instructor.with_header("if-match", "\"v1\"");
    stale.delete(&path).await.problem(412, "precondition-failed");

    let current = instructor.with_header("if-match", &format!("\"v{}\"", before["version"]));
    let answer = current.delete(&path).await.is(204);
    let after = instructor.get(&lesson).await;
    assert_eq!(answer.header("etag"), after.header("etag"));
    let after = after.ok();
    assert_ne!(after["version"], before["version"]);
    assert_eq!(after["document_paths"], json!([lyceum.path_of(&other).await]));
    let documents = learner.get(&media).await.ok()["documents"].clone();
    assert_eq!((documents.as_array().unwrap().len(), &documents[0]["document_id"]), (1, &json!(other)));
    let freed = "SELECT count(*) FROM uploads WHERE freed_at = '2026-11-23T19:56:00Z'";
    assert_eq!(lyceum.count(freed).await, 1);
    let row = &lyceum.audited("lesson.update").await[0];
    assert_eq!(row["changes"]["document_paths"]["to"], after["document_paths"]);

    instructor.delete(&path).await.problem(404, "not-found");
    let elsewhere = CourseInProgress::draft(&admin, &instructor, 1).await;
    let elsewhere = format!("/v1/lessons/{}/documents/{other}", elsewhere.lessons[0]);
    instructor.delete(&elsewhere).await.problem(404, "not-found");
    instructor.delete(&format!("{lesson}/documents/x")).await.problem(404, "not-found");
}

#[tokio::test]
async fn the_last_document_of_a_published_lesson_can_not_be_removed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let id = course.add_lesson(json!({ "title": "Reading", "lesson_type": "document" })).await;
    let document = lyceum.shows(&course.id, &id, &instructor, "document").await;
    let lesson = format!("/v1/lessons/{id}");
    instructor.patch(&lesson, json!({ "is_published": true })).await.ok();
    let path = format!("{lesson}/documents/{document}");
    let problem = instructor.delete(&path).await.problem(409, "not-publishable");
    assert_eq!(problem["missing"][0]["code"], "document_paths");
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads WHERE freed_at IS NOT NULL").await, 0);
    instructor.patch(&lesson, json!({ "is_published": false })).await.ok();
    instructor.delete(&path).await.no_content();
}

#[tokio::test]
async fn a_video_can_be_removed_unless_a_published_lesson_has_nothing_else() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let id = course.add_lesson(json!({ "title": "Watching", "lesson_type": "video" })).await;
    let lesson = format!("/v1/lessons/{id}");
    let path = format!("{lesson}/video");
    instructor.delete(&path).await.problem(404, "not-found");
    lyceum.shows(&course.id, &id, &instructor, "video").await;
    instructor.patch(&lesson, json!({ "is_published": true })).await.ok();
    lyceum.anonymous().delete(&path).await.problem(401, "unauthorized");
    learner.delete(&path).await.problem(403, "forbidden");
    instructor.delete(&path).await.problem(409, "not-publishable");

    let elsewhere = json!({ "video_url": "https://youtu.be/dQw4w9WgXcQ", "video_provider": "youtube" });
    instructor.patch(&lesson, elsewhere).await.ok();
    instructor.delete(&path).await.no_content();
    assert_eq!(instructor.get(&lesson).await.ok()["self_hosted_video_path"], json!(null));
    assert_eq!(learner.get(&format!("{lesson}/media")).await.ok()["video"], json!(null));
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads WHERE freed_at IS NOT NULL").await, 1);
    let row = lyceum.audited("lesson.update").await;
    assert_eq!(row.last().unwrap()["changes"]["self_hosted_video_path"]["to"], json!(null));
    instructor.delete(&path).await.problem(404, "not-found");
}
