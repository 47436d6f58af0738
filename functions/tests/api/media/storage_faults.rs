//! S3 breaks off in the middle, is slow, or falls silent: 503 at the worst, and all is well again without a restart
//! (`docs/security.md`, 28).

use std::sync::Arc;
use std::time::Duration;

use lyceum_local::storage::Storage;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::fault_proxy::{Fault, FaultProxy};
use crate::harness::uploading::{PART, document, put_zeros, submit, video};
use crate::harness::{BUCKET, CourseInProgress, Lyceum};

/// An S3 of the test's own, and a Lyceum that reaches it through the proxy.
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

    /// What starts `ingest` for an upload, however often.
    async fn arrives(&self, upload: &str) -> Result<Value, lyceum::Error> {
        let id = upload.rsplit('/').next().unwrap();
        self.lyceum.try_run("ingest", json!({ "upload_id": id })).await
    }
}

#[tokio::test]
async fn line_28_s3_that_breaks_off_or_falls_silent_is_503_and_all_is_well_afterwards() {
    let test = Fixture::new().await;
    let instructor = &test.course.instructor;
    let (upload, sending) = test.course.upload(video(PART + 1)).await;
    put_zeros(&sending["parts"][0]).await;
    for fault in [Fault::CutAfter(0), Fault::CutAfter(200), Fault::Silent] {
        test.proxy.set(fault);
        let answer = instructor.get(&upload).await;
        assert_eq!(answer.header("retry-after"), "1", "{fault:?}");
        answer.problem(503, "unavailable");
        instructor.get(&test.course.path("")).await.ok(); // what needs no S3
        test.proxy.set(Fault::None);
        assert_eq!(instructor.get(&upload).await.ok()["parts"].as_array().unwrap().len(), 1, "{fault:?}");
    }
    test.proxy.set(Fault::Slow(Duration::from_millis(50)));
    assert_eq!(instructor.get(&upload).await.ok()["parts"].as_array().unwrap().len(), 1, "slow is not away");
}

#[tokio::test]
async fn line_28_what_breaks_while_a_file_is_judged_is_taken_up_again() {
    let test = Fixture::new().await;
    let text = "All work and no play. ".repeat(2000);
    let (upload, form) = test.course.upload(document(text.len())).await;
    assert_eq!(submit(&form, text.as_bytes()).await, 201);
    for fault in [Fault::CutAfter(0), Fault::CutAfter(2000), Fault::Silent] {
        test.proxy.set(fault);
        test.arrives(&upload).await.unwrap_err();
        let status = test.course.instructor.get(&upload).await.ok()["status"].clone();
        assert!(status == "pending" || status == "processing", "{fault:?}: {status}");
    }
    test.proxy.set(Fault::None);
    test.arrives(&upload).await.unwrap();
    assert_eq!(test.course.instructor.get(&upload).await.ok()["status"], "ready");
    let media = test.course.instructor.get(&format!("/v1/lessons/{}/media", test.course.lessons[0])).await.ok();
    let got = reqwest::get(media["documents"][0]["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(got.text().await.unwrap(), text);
}
