//! While S3 is unavailable, calls that need it answer 503, and everything else works (`docs/security.md`, 28).

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::uploading::{PART, document, video};
use crate::harness::{Answer, CourseInProgress, Lyceum};

/// The function's timeout (`infra/functions`).
const TIMEOUT: Duration = Duration::from_secs(29);

async fn with_s3_at(endpoint: String) -> Arc<Lyceum> {
    Lyceum::with(move |name| (name == "AWS_ENDPOINT_URL_S3").then(|| endpoint.clone())).await
}

async fn check_calls_without_s3(lyceum: &Arc<Lyceum>) {
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let assert_unavailable = |answer: Answer| {
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "unavailable");
    };
    let (form, _) = course.upload(document(5)).await; // needs no request to S3
    let (parts, _) = course.upload(video(PART)).await;
    let begun = "UPDATE uploads SET size_bytes = size_bytes + 1, multipart_id = 'x', part_size_bytes = size_bytes WHERE kind = 'video'";
    sqlx::query(begun).execute(&lyceum.database).await.unwrap();
    let said = json!({ "parts": [{ "part_number": 1, "etag": "x" }] });
    let (complete_form, complete_parts) = (format!("{form}/complete"), format!("{parts}/complete"));
    let answers = tokio::join!(
        course.ask(&instructor, video(PART + 1)),
        instructor.get(&parts),
        instructor.post(&complete_parts, said),
        instructor.post(&complete_form, json!({})),
        instructor.delete(&form),
        instructor.delete(&parts),
    );
    let (ask, get, complete_parts, complete_form, delete_form, delete_parts) = answers;
    for answer in [ask, get, complete_parts, complete_form, delete_form, delete_parts] {
        assert_unavailable(answer);
    }
    assert_eq!(
        lyceum.count("SELECT count(*) FROM uploads").await,
        2,
        "an upload that could not be started was deleted"
    );

    instructor.get(&form).await.ok();
    instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    instructor.patch(&course.path(""), json!({ "title": "Another title" })).await.ok();
}

#[tokio::test]
async fn s3_that_refuses_connections_is_503() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let lyceum = with_s3_at(format!("http://127.0.0.1:{port}")).await;
    tokio::time::timeout(TIMEOUT, check_calls_without_s3(&lyceum)).await.unwrap();
}

#[tokio::test]
async fn s3_that_never_answers_is_503() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lyceum = with_s3_at(format!("http://{}", silent.local_addr().unwrap())).await;
    tokio::time::timeout(TIMEOUT, check_calls_without_s3(&lyceum)).await.unwrap();
}
