//! S3 is away: uploads and media say so, and everything else works (`security.md`, 28).

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::uploading::{PART, document, video};
use crate::harness::{Answer, CourseInProgress, Lyceum};

/// What Lambda gives the function (`infra/functions`).
const TIMEOUT: Duration = Duration::from_secs(29);

async fn with_s3_at(endpoint: String) -> Arc<Lyceum> {
    Lyceum::with(move |name| (name == "AWS_ENDPOINT_URL_S3").then(|| endpoint.clone())).await
}

async fn everything_that_asks_s3_is_503(lyceum: &Arc<Lyceum>) {
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let away = |answer: Answer| {
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "unavailable");
    };
    let (form, _) = course.upload(document(5)).await; // it asks nobody
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
        away(answer);
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads").await, 2, "what could not be begun is not there");

    instructor.get(&form).await.ok();
    instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    instructor.patch(&course.path(""), json!({ "title": "Another title" })).await.ok();
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let lyceum = with_s3_at(format!("http://127.0.0.1:{port}")).await;
    tokio::time::timeout(TIMEOUT, everything_that_asks_s3_is_503(&lyceum)).await.unwrap();
}

#[tokio::test]
async fn somebody_listens_and_never_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lyceum = with_s3_at(format!("http://{}", silent.local_addr().unwrap())).await;
    tokio::time::timeout(TIMEOUT, everything_that_asks_s3_is_503(&lyceum)).await.unwrap();
}
