//! Forms and parts that are sent again. S3 can't limit a form to one use, so `ingest` immediately removes all versions of
//! files that no upload needs.

use serde_json::{Value, json};

use super::harness::object_created_event;
use crate::harness::uploading::{PART, put_part, put_zeros, submit, video};
use crate::harness::{BUCKET, CourseInProgress, Lyceum, Moto};

/// Sends a file, runs `ingest` with its event, and returns the outcome.
async fn send_again(lyceum: &Lyceum, form: &Value, bytes: &[u8]) -> Value {
    let mut events = lyceum.created();
    assert_eq!(submit(form, bytes).await, 201);
    let event = events.recv().await.unwrap();
    lyceum.run("ingest", object_created_event(&event.key, &event.e_tag, bytes.len())).await["uploads"][0]["outcome"]
        .clone()
}

fn text(bytes: &[u8]) -> Value {
    json!({ "kind": "document", "file_name": "a.txt", "content_type": "text/plain", "size_bytes": bytes.len() })
}

#[tokio::test]
async fn a_form_that_is_used_again_leaves_no_object_after_the_upload_is_ready() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, form) = course.upload(text(b"01234")).await;
    assert_eq!(send_again(&lyceum, &form, b"01234").await, "ready");
    let ready = instructor.get(&path).await.ok();
    for bytes in [b"01234", b"56789"] {
        assert_eq!(send_again(&lyceum, &form, bytes).await, "nothing to do");
        let keys = lyceum.object_keys().await;
        assert!(keys.len() == 1 && keys[0].starts_with("media/"), "{keys:?}");
    }
    assert_eq!(instructor.get(&path).await.ok(), ready);
    assert_eq!(lyceum.object(&lyceum.object_keys().await[0]).await.unwrap(), b"01234");
}

#[tokio::test]
async fn a_form_that_is_used_again_leaves_no_object_after_the_upload_is_rejected() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (_, form) = course.upload(text(b"<svg>")).await;
    assert_eq!(send_again(&lyceum, &form, b"<svg>").await, "rejected");
    assert_eq!(send_again(&lyceum, &form, b"01234").await, "nothing to do");
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn a_form_that_is_used_again_leaves_no_object_after_the_upload_is_cancelled() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, form) = course.upload(text(b"01234")).await;
    instructor.delete(&path).await.no_content();
    assert_eq!(send_again(&lyceum, &form, b"01234").await, "nothing to do");
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn a_form_that_is_used_again_leaves_no_object_after_the_picture_is_removed() {
    let lyceum = Lyceum::today().await;
    let student = lyceum.student().await;
    let png = super::samples::image(image::ImageFormat::Png, 40, 30);
    let asked = json!({ "file_name": "a.png", "content_type": "image/png", "size_bytes": png.len() });
    let form = student.post("/v1/me/picture", asked).await.is(201).body;
    assert_eq!(send_again(&lyceum, &form, &png).await, "ready");
    student.delete("/v1/me/picture").await.no_content();
    for _ in 0..3 {
        assert_eq!(send_again(&lyceum, &form, &png).await, "nothing to do");
    }
    assert!(!lyceum.object_keys().await.iter().any(|key| key.starts_with("uploads/")));
    assert_eq!(student.get("/v1/me").await.ok()["profile_picture_url"], Value::Null);
}

#[tokio::test]
async fn a_part_can_not_be_sent_again_after_the_file_is_complete() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 7)).await;
    let parts = [put_zeros(&sending["parts"][0]).await, put_zeros(&sending["parts"][1]).await];
    instructor.post(&format!("{path}/complete"), json!({ "parts": parts })).await.ok();
    assert_eq!(put_part(&sending["parts"][1], vec![0; 7]).await.0, 404);
}

/// Returns the keys of all versions and delete markers in the bucket.
async fn versions(s3: &aws_sdk_s3::Client) -> Vec<String> {
    let list = s3.list_object_versions().bucket(BUCKET).send().await.unwrap();
    let versions = list.versions().iter().filter_map(|version| version.key());
    let markers = list.delete_markers().iter().filter_map(|marker| marker.key());
    versions.chain(markers).map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_version_is_left_of_a_file_that_was_sent_again_to_a_bucket_with_versioning() {
    let Some(moto) = Moto::start().await else { return };
    let s3 = super::second_s3::client(&moto.url);
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    let enabled = aws_sdk_s3::types::BucketVersioningStatus::Enabled;
    let versioning = aws_sdk_s3::types::VersioningConfiguration::builder().status(enabled).build();
    s3.put_bucket_versioning().bucket(BUCKET).versioning_configuration(versioning).send().await.unwrap();
    let url = moto.url.clone();
    let lyceum = Lyceum::today_with(move |name| (name == "AWS_ENDPOINT_URL_S3").then(|| url.clone())).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, form) = course.upload(text(b"01234")).await;
    let key = path.trim_start_matches("/v1/");
    let arrive = async || {
        assert!((200..300).contains(&submit(&form, b"01234").await));
        let head = s3.head_object().bucket(BUCKET).key(key).send().await.unwrap();
        let object = json!({ "key": key, "etag": head.e_tag().unwrap(), "version-id": head.version_id().unwrap() });
        json!({ "detail-type": "Object Created", "detail": { "object": object } })
    };
    let first = arrive().await;
    let second = arrive().await; // before the first one is processed
    lyceum.run("ingest", first).await;
    assert_eq!(instructor.get(&path).await.ok()["status"], "ready");
    assert_eq!(versions(&s3).await.len(), 1, "{:?}", versions(&s3).await);
    lyceum.run("ingest", second).await;
    let (_lost, third) = (arrive().await, arrive().await);
    lyceum.run("ingest", third).await;
    let left = versions(&s3).await;
    assert!(left.len() == 1 && left[0].starts_with("media/"), "{left:?}");

    let (path, form) = course.upload(text(b"56789")).await;
    for _ in 0..3 {
        submit(&form, b"56789").await;
    }
    instructor.delete(&path).await.no_content();
    let left = versions(&s3).await;
    assert!(left.len() == 1 && left[0].starts_with("media/"), "cancelled: {left:?}");
}
