//! Quotas: the bytes of a course, and the unfinished uploads of a user (`docs/security.md`, 18).

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::uploading::{document, video};
use crate::harness::{CourseInProgress, Lyceum, at_once, how_many};

const GIB: usize = 1 << 30;

#[tokio::test]
async fn line_18_unfinished_uploads_of_all_kinds_count_for_the_quota_of_a_user() {
    let lyceum = Lyceum::with(|name| (name == "QUOTA_UNFINISHED_UPLOADS").then(|| "3".to_owned())).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let one = CourseInProgress::draft(&admin, &instructor, 1).await;
    let other = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (first, _) = one.upload(document(5)).await;
    other.upload(document(5)).await;
    let image = json!({ "file_name": "a.png", "content_type": "image/png", "size_bytes": 5 });
    instructor.post("/v1/me/picture", image.clone()).await.is(201);
    let problem = one.ask(&instructor, document(5)).await.problem(409, "uploads-unfinished");
    let listed: Vec<_> = problem["uploads"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(listed.len() == 3 && listed.contains(&first.trim_start_matches("/v1/uploads/")), "{problem}");
    instructor.post("/v1/me/picture", image).await.problem(409, "uploads-unfinished");
    one.ask(&admin, document(5)).await.is(201);

    instructor.delete(&first).await.no_content();
    one.upload(document(5)).await;
    one.ask(&instructor, document(5)).await.problem(409, "uploads-unfinished");
    lyceum.clock.advance(TimeDelta::hours(24));
    let instructor = instructor.again().await;
    one.ask(&instructor, document(5)).await.is(201); // yesterday's uploads have expired
}

#[tokio::test]
async fn unfinished_uploads_count_for_the_quota_of_a_course() {
    let lyceum = Lyceum::with(|name| (name == "QUOTA_COURSE_GIB").then(|| "1".to_owned())).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (half, sending) = course.upload(video(GIB / 2)).await;
    course.upload(video(GIB / 2)).await;
    let problem = course.ask(&instructor, document(1)).await.problem(409, "course-full");
    assert_eq!((&problem["used_bytes"], &problem["limit_bytes"]), (&json!(GIB), &json!(GIB)));
    let image = json!({ "file_name": "a.png", "content_type": "image/png", "size_bytes": 1 });
    instructor.post(&course.path("/thumbnail"), image.clone()).await.problem(409, "course-full");
    instructor.post("/v1/me/picture", image).await.is(201);
    CourseInProgress::draft(&admin, &instructor, 1).await.upload(document(1)).await;

    let ready = "UPDATE uploads SET status = 'ready', storage_path = 'x' WHERE id = $1";
    lyceum.change(ready, sending["upload_id"].as_str().unwrap()).await;
    course.ask(&instructor, document(1)).await.problem(409, "course-full");
    lyceum.change("UPDATE uploads SET freed_at = now() WHERE id = $1", sending["upload_id"].as_str().unwrap()).await;
    course.upload(document(1)).await;
    instructor.delete(&half).await.problem(409, "upload-closed");
}

#[tokio::test]
async fn line_18_calls_at_once_can_not_exceed_the_quotas() {
    let lyceum = Lyceum::with(|name| match name {
        "QUOTA_UNFINISHED_UPLOADS" => Some("5".to_owned()),
        "QUOTA_COURSE_GIB" => Some("1".to_owned()),
        _ => None,
    })
    .await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut courses = Vec::new();
    for _ in 0..4 {
        courses.push(CourseInProgress::draft(&admin, &instructor, 1).await);
    }
    let answers = at_once(64, |number| {
        let course = courses[number % courses.len()].clone();
        let path = format!("/v1/lessons/{}/uploads", course.lessons[0]);
        async move { course.instructor.insist("POST", &path, Some(document(5))).await.status }
    })
    .await;
    assert_eq!((how_many(&answers, 201), how_many(&answers, 409)), (5, 59), "{answers:?}");

    let mut staff = Vec::new();
    for _ in 0..8 {
        staff.push(lyceum.admin().await);
    }
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let answers = at_once(32, |number| {
        let (caller, path) =
            (staff[number % staff.len()].clone(), format!("/v1/lessons/{}/uploads", course.lessons[0]));
        async move { caller.insist("POST", &path, Some(video(GIB / 4 + 1))).await.status }
    })
    .await;
    assert_eq!((how_many(&answers, 201), how_many(&answers, 409)), (3, 29), "{answers:?}");
}
