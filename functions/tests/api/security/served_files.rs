//! Only the checked bytes of a file are served, and harmful files never are.

use serde_json::json;

use crate::harness::{BUCKET, Lyceum};
use crate::media::harness::{NewUpload, course, lesson, object_created_event};
use crate::media::{hostile, samples};

#[tokio::test]
async fn an_overwrite_after_the_check_changes_nothing() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (sent, row) = lyceum.ingest_lesson_file(&course, 0, "mp4", samples::mp4()).await;
    let again = lyceum.send_file(&sent, b"<html><script>alert(1)</script>".to_vec()).await;
    let answer = lyceum.run("ingest", again).await;
    assert_eq!(answer["uploads"][0]["outcome"], "nothing to do");
    assert_eq!(lyceum.upload_row(&sent).await, row);
    assert_eq!(lyceum.object(row["storage_path"].as_str().unwrap()).await.unwrap(), samples::mp4());
    assert_eq!(lyceum.object(&sent.key()).await, None, "the later file is removed");
}

#[tokio::test]
async fn an_overwrite_before_the_check_is_never_served() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "mp4", samples::mp4().len())).await;
    let first = lyceum.send_file(&sent, samples::mp4()).await;
    let mut other = samples::mp4();
    *other.last_mut().unwrap() = 8;
    let second = lyceum.send_file(&sent, other).await;
    lyceum.run("ingest", first).await;
    let row = lyceum.upload_row(&sent).await;
    assert_eq!((&row["status"], &row["rejection_code"]), (&json!("rejected"), &json!("gone")));
    lyceum.run("ingest", second).await;
    assert_eq!(lyceum.upload_row(&sent).await, row, "only the first file counts");
    assert_eq!(lesson(&course, 0).await["self_hosted_video_path"], json!(null));
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn a_download_url_cannot_be_used_to_write() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (_, row) = lyceum.ingest_lesson_file(&course, 0, "pdf", samples::pdf()).await;
    let media = course.instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    let url = media["documents"][0]["url"].as_str().unwrap();
    let http = reqwest::Client::new();
    for method in [reqwest::Method::PUT, reqwest::Method::DELETE, reqwest::Method::POST] {
        let answer = http.request(method, url).body("x").send().await.unwrap();
        assert!(answer.status().is_client_error(), "{answer:?}");
    }
    assert_eq!(lyceum.object(row["storage_path"].as_str().unwrap()).await.unwrap(), samples::pdf());
}

#[tokio::test]
async fn hundreds_of_hostile_files_are_rejected_with_a_reason() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let files = hostile::files();
    let count = files.len();
    assert!(count >= 300, "{count}");
    for file in files {
        let (_, row) = lyceum.ingest_lesson_file(&course, 0, file.says, file.bytes).await;
        assert_eq!((&row["status"], &row["rejection_code"]), (&json!("rejected"), &json!(file.code)), "{}", file.name);
        assert!(row["rejection_reason"].as_str().unwrap().len() > 20, "{row}");
    }
    let images = hostile::files().into_iter().filter(|file| ["png", "jpg", "webp"].contains(&file.says));
    for file in images {
        let asked = NewUpload::image(&course, &course.instructor, "picture", file.says, file.bytes.len());
        let (_, row) = lyceum.ingest_file(&asked, file.bytes).await;
        if row["status"] == "ready" {
            // data behind the image is dropped: only the re-encoded picture is served
            let made = lyceum.object(row["storage_path"].as_str().unwrap()).await.unwrap();
            assert!(image::load_from_memory_with_format(&made, image::ImageFormat::Jpeg).is_ok());
            assert!(
                !made.windows(6).any(|text| text == b"script") && !made.windows(4).any(|four| four == b"PK\x05\x06")
            );
        }
    }
    for (size, bytes) in [(1, Vec::new()), (10, b"%PDF-1.4\n%%EOF".to_vec())] {
        let (_, row) = lyceum.ingest_file(&NewUpload::of(&course, 0, "pdf", size), bytes).await;
        assert_eq!(row["rejection_code"], "wrong_size", "{row}");
    }
    assert!(lyceum.object_keys().await.iter().all(|key| key.starts_with("public/pictures/")));
    let media = course.instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    assert_eq!((&media["video"], &media["documents"]), (&json!(null), &json!([])));
    assert_eq!(
        lyceum.count("SELECT count(*) FROM audit_logs WHERE action LIKE 'lesson.%' AND changes ? 'upload_id'").await,
        0
    );
}

#[tokio::test]
async fn an_event_with_a_wrong_e_tag_or_size_makes_no_file_ready() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", samples::pdf().len())).await;
    lyceum.send_file(&sent, samples::pdf()).await;
    lyceum.run("ingest", object_created_event(&sent.key(), "0123456789abcdef0123456789abcdef", 5)).await;
    assert_eq!(lyceum.upload_row(&sent).await["rejection_code"], "gone");
    let head = lyceum.s3().head_object().bucket(BUCKET).key(sent.key()).send().await;
    assert!(head.is_err());
}
