//! Uploads with an independent implementation of S3, the server of moto. They show that our requests fit not only our own
//! local S3.
//!
//! Moto accepts any signature. It checks no policy of a form, no length of a part, and no `x-amz-copy-source-if-match`; the
//! local S3 checks these in other tests. Its list of parts has a wrong root element, which the SDK can't read.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use lyceum_local::demo::large_video;
use serde_json::{Value, json};

use crate::harness::uploading::{PART, document, put_part, submit, video};
use crate::harness::{BUCKET, CourseInProgress, Lyceum, Moto};

/// Returns a client for moto's S3 at this URL.
pub fn client(url: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Moto's server with our bucket.
struct SecondS3(Moto);

impl SecondS3 {
    async fn start() -> Option<Self> {
        let second = Self(Moto::start().await?);
        second.client().create_bucket().bucket(BUCKET).send().await.unwrap();
        Some(second)
    }

    fn client(&self) -> aws_sdk_s3::Client {
        client(&self.0.url)
    }

    async fn lyceum(&self) -> Arc<Lyceum> {
        let url = self.0.url.clone();
        Lyceum::today_with(move |name| (name == "AWS_ENDPOINT_URL_S3").then(|| url.clone())).await
    }

    /// Returns the event that S3 would send for an upload. Moto sends events only to services that it simulates.
    async fn event(&self, upload: &str) -> Value {
        let key = format!("uploads/{}", upload.rsplit('/').next().unwrap());
        let head = self.client().head_object().bucket(BUCKET).key(&key).send().await.unwrap();
        let object =
            json!({ "key": key, "size": head.content_length(), "etag": head.e_tag().unwrap().trim_matches('"') });
        json!({ "detail-type": "Object Created", "source": "aws.s3", "detail": { "object": object } })
    }

    /// Completes a multipart upload. The API's own call needs the list of parts, which moto's answer makes unreadable.
    async fn complete(&self, upload: &str, e_tags: BTreeMap<i32, String>) {
        let key = format!("uploads/{}", upload.rsplit('/').next().unwrap());
        let under_way = self.client().list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
        let id = under_way.uploads()[0].upload_id().unwrap();
        let parts = e_tags.into_iter();
        let parts = parts.map(|(number, e_tag)| CompletedPart::builder().part_number(number).e_tag(e_tag).build());
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let complete = self.client().complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id);
        // In some versions, this answer has a wrong root element, too. The next request shows whether the object exists.
        let _ = complete.multipart_upload(parts).send().await;
    }

    async fn keys(&self) -> Vec<String> {
        let list = self.client().list_objects_v2().bucket(BUCKET).send().await.unwrap();
        list.contents().iter().filter_map(|object| object.key().map(ToOwned::to_owned)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_sent_by_a_form_and_read_with_another_s3() {
    let Some(moto) = SecondS3::start().await else { return };
    let lyceum = moto.lyceum().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let text = "A page of notes.";
    let (upload, form) = course.upload(document(text.len())).await;
    let sent = submit(&form, text.as_bytes()).await;
    assert!((200..300).contains(&sent), "{sent}");
    lyceum.run("ingest", moto.event(&upload).await).await;
    assert_eq!(instructor.get(&upload).await.ok()["status"], "ready");
    let keys = moto.keys().await;
    assert!(keys.len() == 1 && keys[0].starts_with("media/"), "{keys:?}");

    course.enroll(&learner).await;
    let media = learner.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    let answer = reqwest::get(media["documents"][0]["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_sent_in_parts_resumed_and_played_in_ranges_with_another_s3() {
    let Some(moto) = SecondS3::start().await else { return };
    let lyceum = moto.lyceum().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let size = 2 * PART + 1000;
    let mut bytes = Vec::new();
    large_video(size as u64, &mut bytes).unwrap();
    let (upload, sending) = course.upload(video(size)).await;
    let part = |number: usize| bytes.chunks(PART).nth(number - 1).unwrap().to_vec();

    // The second part arrives, the connection breaks, and the other parts are signed again.
    let mut sent = BTreeMap::new();
    let (status, e_tag) = put_part(&sending["parts"][1], part(2)).await;
    assert_eq!(status, 200);
    sent.insert(2, e_tag);
    let signed_again = instructor.post(&format!("{upload}/parts"), json!({ "part_numbers": [1, 3] })).await.ok();
    for signed in signed_again["parts"].as_array().unwrap() {
        let number = i32::try_from(signed["part_number"].as_u64().unwrap()).unwrap();
        let (status, e_tag) = put_part(signed, part(usize::try_from(number).unwrap())).await;
        assert_eq!(status, 200);
        sent.insert(number, e_tag);
    }
    moto.complete(&upload, sent).await;

    let event = moto.event(&upload).await;
    for _ in 0..2 {
        lyceum.run("ingest", event.clone()).await; // events come twice
    }
    assert_eq!(instructor.get(&upload).await.ok()["status"], "ready");
    let media = instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    assert_eq!((&media["video"]["size_bytes"], &media["video"]["duration_seconds"]), (&json!(size), &json!(57)));
    let client = reqwest::Client::new();
    for start in [4, size - 8] {
        let play =
            client.get(media["video"]["url"].as_str().unwrap()).header("range", format!("bytes={start}-{}", start + 7));
        let answer = play.send().await.unwrap();
        assert_eq!(answer.status(), 206);
        assert_eq!(answer.headers()["content-range"], format!("bytes {start}-{}/{size}", start + 7));
        assert_eq!(answer.bytes().await.unwrap(), bytes[start..start + 8]);
    }
    let keys = moto.keys().await;
    assert!(keys.len() == 1 && keys[0].starts_with("media/"), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_leaves_nothing_in_another_s3() {
    let Some(moto) = SecondS3::start().await else { return };
    let lyceum = moto.lyceum().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let (upload, sending) = course.upload(video(PART + 1)).await;
    assert_eq!(put_part(&sending["parts"][0], vec![0; PART]).await.0, 200);
    instructor.delete(&upload).await.no_content();
    let under_way = moto.client().list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    assert!(under_way.uploads().is_empty() && moto.keys().await.is_empty());
    instructor.get(&upload).await.problem(404, "not-found");
}
