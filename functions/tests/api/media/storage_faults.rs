//! S3 closes connections, is slow, or stops answering. Calls fail with 503 at worst, and work again afterwards without a
//! restart (`docs/security.md`, 28).

use std::sync::Arc;
use std::time::Duration;

use lyceum_local::storage::Storage;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::fault_proxy::{Fault, FaultProxy};
use crate::harness::uploading::{PART, document, put_zeros, submit, video};
use crate::harness::{BUCKET, CourseInProgress, Lyceum};

/// A separate local S3, which Lyceum reaches through a proxy that causes faults.
struct Fixture {
    lyceum: Arc<Lyceum>,
    proxy: FaultProxy,
    course: CourseInProgress,
    _storage: Storage,
    _folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::start(folder.path(), 0, "key", "secret", BUCKET).await.unwrap();
        let address = storage.endpoint().trim_start_matches("http://").parse().unwrap();
        let proxy = FaultProxy::before(address).await;
        let endpoint = format!("http://{}", proxy.address);
        let lyceum = Lyceum::today_with(move |name| (name == "AWS_ENDPOINT_URL_S3").then(|| endpoint.clone())).await;
        let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        Self { lyceum, proxy, course, _storage: storage, _folder: folder }
    }

    /// Runs `ingest` for an upload.
    async fn ingest(&self, upload: &str) -> Result<Value, lyceum::Error> {
        let id = upload.rsplit('/').next().unwrap();
        self.lyceum.try_run("ingest", json!({ "upload_id": id })).await
    }
}

#[tokio::test]
async fn line_28_interrupted_and_silent_s3_is_503_and_calls_work_afterwards() {
    let test = Fixture::new().await;
    let instructor = &test.course.instructor;
    let (upload, sending) = test.course.upload(video(PART + 1)).await;
    put_zeros(&sending["parts"][0]).await;
    for fault in [Fault::CutAfter(0), Fault::CutAfter(200), Fault::Silent] {
        test.proxy.set(fault);
        let answer = instructor.get(&upload).await;
        assert_eq!(answer.header("retry-after"), "1", "{fault:?}");
        answer.problem(503, "unavailable");
        instructor.get(&test.course.path("")).await.ok(); // needs no S3
        test.proxy.set(Fault::None);
        assert_eq!(instructor.get(&upload).await.ok()["parts"].as_array().unwrap().len(), 1, "{fault:?}");
    }
    test.proxy.set(Fault::Slow(Duration::from_millis(50)));
    assert_eq!(instructor.get(&upload).await.ok()["parts"].as_array().unwrap().len(), 1, "a slow S3 still works");
}

#[tokio::test]
async fn line_28_processing_continues_after_s3_failed() {
    let test = Fixture::new().await;
    let text = "All work and no play. ".repeat(2000);
    let (upload, form) = test.course.upload(document(text.len())).await;
    assert_eq!(submit(&form, text.as_bytes()).await, 201);
    for fault in [Fault::CutAfter(0), Fault::CutAfter(2000), Fault::Silent] {
        test.proxy.set(fault);
        test.ingest(&upload).await.unwrap_err();
        let status = test.course.instructor.get(&upload).await.ok()["status"].clone();
        assert!(status == "pending" || status == "processing", "{fault:?}: {status}");
    }
    test.proxy.set(Fault::None);
    test.ingest(&upload).await.unwrap();
    assert_eq!(test.course.instructor.get(&upload).await.ok()["status"], "ready");
    let media = test.course.instructor.get(&format!("/v1/lessons/{}/media", test.course.lessons[0])).await.ok();
    let got = reqwest::get(media["documents"][0]["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(got.text().await.unwrap(), text);
}
