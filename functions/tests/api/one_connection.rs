//! On Lambda a process has one database connection: no read or write may be open while another one starts.

use std::sync::Arc;

use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};
use crate::media::harness::NewUpload;
use crate::media::samples;

async fn with_one_connection() -> Arc<Lyceum> {
    Lyceum::with(|name| (name == "DATABASE_MAX_CONNECTIONS").then(|| "1".to_owned())).await
}

#[tokio::test]
async fn reads_writes_refusals_and_repeated_calls_need_one_connection() {
    let lyceum = with_one_connection().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let once = learner.with_header("idempotency-key", "k1");
    let first = once.post(&course.path("/enrollments"), json!({})).await.created();
    assert_eq!(once.post(&course.path("/enrollments"), json!({})).await.created(), first);
    course.complete(&learner, 0).await;
    course.complete(&learner, 0).await;
    learner.get("/v1/me/enrollments").await.ok();
    // The refusal is recorded after a failed handler, and after one that never started.
    learner.patch(&course.path(""), json!({ "title": "Mine" })).await.problem(403, "forbidden");
    learner.get("/v1/audit-logs").await.problem(403, "forbidden");
    assert_eq!(lyceum.audited("request.refuse").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_wait_for_the_connection() {
    let lyceum = with_one_connection().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let mut calls = Vec::new();
    for _ in 0..16 {
        let (learner, course) = (lyceum.student().await, course.clone());
        calls.push(tokio::spawn(async move {
            course.enroll(&learner).await;
            course.complete(&learner, 0).await;
            learner.get("/v1/me/enrollments").await.ok();
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments WHERE status = 'completed'").await, 16);
}

#[tokio::test]
async fn maintenance_works_with_one_connection() {
    let lyceum = with_one_connection().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", samples::pdf().len())).await;
    lyceum.send_file(&sent, samples::pdf()).await;
    lyceum.clock.advance(chrono::TimeDelta::hours(1));
    assert_eq!(lyceum.run("maintain", json!({})).await["files"]["taken_up"], 1);
    assert_eq!(lyceum.upload_row(&sent).await["status"], "ready");
}
