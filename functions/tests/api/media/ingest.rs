use image::{GenericImageView, ImageFormat};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::harness::{NewUpload, course, lesson, object_created_event};
use super::samples;
use crate::harness::{BUCKET, Lyceum, at_once};

#[tokio::test]
async fn a_video_that_passes_is_copied_and_shown_with_its_duration_and_audited() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let before = lesson(&course, 0).await;
    let (sent, row) = lyceum.ingest_lesson_file(&course, 0, "mp4", samples::mp4()).await;
    let path = format!("media/{}/{}/{}.mp4", course.id, course.lessons[0], sent.id);
    assert_eq!((&row["status"], &row["storage_path"]), (&json!("ready"), &json!(path)));
    assert_eq!((&row["duration_seconds"], &row["width"], &row["height"]), (&json!(61), &json!(640), &json!(360)));
    let after = lesson(&course, 0).await;
    assert_eq!((&after["self_hosted_video_path"], &after["duration_minutes"]), (&json!(path), &json!(2)));
    assert_ne!(before["version"], after["version"]);
    assert_eq!(lyceum.object_keys().await, [path.as_str()], "the uploaded object was removed");

    let audited = lyceum.audited("lesson.video").await;
    assert_eq!(audited.len(), 1);
    assert_eq!(audited[0]["user_id"], course.instructor.id, "in the name of the uploader");
    assert_eq!((&audited[0]["resource_type"], &audited[0]["ip_address"]), (&json!("lesson"), &Value::Null));
    assert_eq!(audited[0]["changes"]["self_hosted_video_path"], json!({ "from": null, "to": path }));
    assert_eq!(audited[0]["changes"]["duration_minutes"], json!({ "from": null, "to": 2 }));

    let head = lyceum.s3().head_object().bucket(BUCKET).key(&path).send().await.unwrap();
    assert_eq!(head.content_type(), Some("video/mp4"), "not the type that the browser sent");
    let media = course.instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    let url = media["video"]["url"].as_str().unwrap();
    assert_eq!(reqwest::get(url).await.unwrap().bytes().await.unwrap(), samples::mp4());
}

#[tokio::test]
async fn each_type_becomes_a_document_or_a_video_and_the_documents_keep_their_order() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let mut documents = Vec::new();
    for (extension, bytes) in samples::one_of_each() {
        let (_, row) = lyceum.ingest_lesson_file(&course, 0, extension, bytes).await;
        assert_eq!(row["status"], "ready", "{row}");
        if row["kind"] == "document" {
            documents.push(row["storage_path"].clone());
        }
    }
    assert_eq!(lesson(&course, 0).await["document_paths"], json!(documents));
    assert_eq!(lyceum.audited("lesson.document").await.len(), documents.len());
    assert_eq!(
        lyceum.count("SELECT count(*) FROM uploads WHERE freed_at IS NOT NULL").await,
        5,
        "all videos except the last"
    );
}

#[tokio::test]
async fn a_file_that_fails_its_check_is_rejected_with_a_reason_and_removed() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (sent, row) = lyceum.ingest_lesson_file(&course, 0, "pdf", b"<html><script>alert(1)</script>".to_vec()).await;
    assert_eq!((&row["status"], &row["rejection_code"]), (&json!("rejected"), &json!("markup")));
    assert!(row["rejection_reason"].as_str().unwrap().contains("HTML"));
    assert_eq!(row["storage_path"], Value::Null);
    assert!(lyceum.object_keys().await.is_empty());
    let audited = lyceum.audited("upload.reject").await;
    assert_eq!(audited.len(), 1);
    assert_eq!((&audited[0]["resource_id"], &audited[0]["user_id"]), (&json!(sent.id), &Value::Null));
    assert_eq!(audited[0]["changes"]["rejection_code"], json!({ "from": null, "to": "markup" }));
    assert_eq!(lesson(&course, 0).await["document_paths"], json!([]));
}

/// A signed form is valid for an hour, even if its owner loses the permission meanwhile.
#[tokio::test]
async fn an_uploader_who_lost_the_permission_can_not_show_a_file_by_an_older_form() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", samples::pdf().len())).await;
    let instructor = format!("/v1/users/{}", course.instructor.id);
    lyceum.admin().await.patch(&instructor, json!({ "is_active": false })).await.ok();
    let event = lyceum.send_file(&sent, samples::pdf()).await;
    lyceum.run("ingest", event).await;
    let row = lyceum.upload_row(&sent).await;
    assert_eq!((&row["status"], &row["rejection_code"]), (&json!("rejected"), &json!("not_allowed")));
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn a_file_without_the_announced_size_is_rejected() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    for (announced, bytes) in [(5, samples::pdf()), (samples::pdf().len() + 1, samples::pdf()), (1, Vec::new())] {
        let (_, row) = lyceum.ingest_file(&NewUpload::of(&course, 0, "pdf", announced), bytes).await;
        assert_eq!(row["rejection_code"], "wrong_size", "{row}");
    }
}

#[tokio::test]
async fn the_checksum_of_a_file_sent_in_parts_is_verified_over_the_whole_file() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let bytes = [samples::ftyp(b"isom"), samples::moov(61_000), samples::mp4_box(b"mdat", &vec![7; 9 << 20])].concat();
    let right = Sha256::digest(&bytes).to_vec();
    for (checksum, expected) in [(right, "ready"), (vec![7; 32], "rejected")] {
        let asked =
            NewUpload { checksum: Some(checksum), in_parts: true, ..NewUpload::of(&course, 0, "mp4", bytes.len()) };
        let (_, row) = lyceum.ingest_file(&asked, bytes.clone()).await;
        assert_eq!(row["status"], expected, "{row}");
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads WHERE rejection_code = 'wrong_checksum'").await, 1);
}

#[tokio::test]
async fn a_large_file_is_copied_in_parts() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let bytes = [samples::ftyp(b"isom"), samples::mp4_box(b"mdat", &vec![7; 65 << 20]), samples::moov(61_000)].concat();
    let (_, row) = lyceum.ingest_lesson_file(&course, 0, "mp4", bytes.clone()).await;
    assert_eq!(row["status"], "ready", "{row}");
    let copied = lyceum.object(row["storage_path"].as_str().unwrap()).await.unwrap();
    assert!(copied == bytes);
}

#[tokio::test]
async fn pictures_and_thumbnails_are_rendered_again_and_replace_earlier_ones() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let person = &course.instructor;
    for (kind, action, size) in
        [("picture", "user.picture", (256, 256)), ("thumbnail", "course.thumbnail", (1280, 720))]
    {
        let mut urls = Vec::new();
        for bytes in [samples::jpeg_with_orientation(400, 300), samples::image(ImageFormat::Png, 300, 300)] {
            let extension = if bytes.starts_with(b"\x89PNG") { "png" } else { "jpg" };
            let (sent, row) =
                lyceum.ingest_file(&NewUpload::image(&course, person, kind, extension, bytes.len()), bytes).await;
            assert_eq!(row["storage_path"], format!("public/{kind}s/{}.jpg", sent.id), "{row}");
            let made = lyceum.object(row["storage_path"].as_str().unwrap()).await.unwrap();
            assert!(!made.windows(7).any(|text| text == b"my home"));
            assert_eq!(image::load_from_memory(&made).unwrap().dimensions(), size);
            let url = match kind {
                "picture" => person.get("/v1/me").await.ok()["profile_picture_url"].clone(),
                _ => course.instructor.get(&course.path("")).await.ok()["thumbnail_url"].clone(),
            };
            let seen = reqwest::get(url.as_str().unwrap()).await.unwrap();
            assert_eq!(
                (seen.status().as_u16(), &seen.headers()["content-type"]),
                (200, &"image/jpeg".parse().unwrap())
            );
            assert!(!urls.contains(&url) && url.as_str().unwrap().len() <= 255);
            urls.push(url);
        }
        let audited = lyceum.audited(action).await;
        assert_eq!((audited.len(), &audited[1]["user_id"]), (2, &json!(person.id)));
        if kind == "picture" {
            assert_eq!(audited[1]["changes"]["profile_picture_url"], json!({}), "personal values are left out");
        }
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads WHERE freed_at IS NOT NULL").await, 2);
}

#[tokio::test]
async fn a_file_for_a_deleted_lesson_or_course_is_rejected() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 2).await;
    let (first, second) = (
        NewUpload::of(&course, 0, "pdf", samples::pdf().len()),
        NewUpload::of(&course, 1, "pdf", samples::pdf().len()),
    );
    let (first, second) = (lyceum.create_upload(&first).await, lyceum.create_upload(&second).await);
    course.instructor.delete(&format!("/v1/lessons/{}", course.lessons[0])).await.no_content();
    let event = lyceum.send_file(&first, samples::pdf()).await;
    lyceum.run("ingest", event).await;
    course.instructor.delete(&course.path("")).await.no_content();
    let event = lyceum.send_file(&second, samples::pdf()).await;
    lyceum.run("ingest", event).await;
    for sent in [first, second] {
        assert_eq!(lyceum.upload_row(&sent).await["rejection_code"], "nothing_to_show_it");
    }
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn interrupted_processing_is_continued_by_the_next_call_and_by_a_redrive() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        let one = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", samples::pdf().len())).await;
        let event = lyceum.send_file(&one, samples::pdf()).await;
        sent.push((one, event));
    }
    let e_tag = sent[0].1["Records"][0]["s3"]["object"]["eTag"].as_str().unwrap();
    sqlx::query("UPDATE uploads SET status = 'processing', object_etag = $1 WHERE id = ANY ($2)")
        .bind(format!("\"{e_tag}\""))
        .bind(&[sent[0].0.id, sent[1].0.id][..])
        .execute(&lyceum.database)
        .await
        .unwrap();
    lyceum.run("ingest", sent[0].1.clone()).await;
    assert_eq!(lyceum.upload_row(&sent[0].0).await["status"], "ready", "by a retry of Lambda");
    let answer = lyceum.run("ingest", json!({ "upload_id": sent[1].0.id })).await;
    assert_eq!(answer["uploads"][0]["outcome"], "ready", "by an operator");
    let answer = lyceum.run("ingest", json!({ "redrive": true })).await;
    assert_eq!((&answer["taken_up"], &answer["failed"]), (&json!(1), &json!(0)), "a file whose event was lost");
    assert_eq!(lesson(&course, 0).await["document_paths"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn sixteen_calls_at_once_for_one_file_have_one_result() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "mp4", samples::mp4().len())).await;
    let event = lyceum.send_file(&sent, samples::mp4()).await;
    let outcomes = at_once(16, |_| {
        let (lyceum, event) = (lyceum.clone(), event.clone());
        async move { lyceum.run("ingest", event).await["uploads"][0]["outcome"].clone() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "ready").count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| outcome == "ready" || outcome == "nothing to do"), "{outcomes:?}");
    assert_eq!(lyceum.audited("lesson.video").await.len(), 1);
    assert_eq!(lyceum.object_keys().await.len(), 1);
}

#[tokio::test]
async fn events_of_other_objects_and_empty_events_are_ignored() {
    let lyceum = Lyceum::today().await;
    lyceum.put_object("uploads/not-an-id", "text/plain", b"x".to_vec()).await;
    for event in [
        json!({}),
        json!({ "Event": "s3:TestEvent", "Bucket": BUCKET }),
        json!({ "Records": [] }),
        json!({ "upload_id": "x" }),
        object_created_event("uploads/not-an-id", "abc", 1),
        object_created_event("media/x/y.mp4", "abc", 1),
        object_created_event("uploads/../uploads/019ab3f0-5c00-7000-8000-0000000000aa", "abc", 1),
        object_created_event("Happy Face+.jpg", "abc", 1),
    ] {
        assert_eq!(lyceum.run("ingest", event.clone()).await, json!({ "uploads": [] }), "{event}");
    }
    let nobody =
        lyceum.run("ingest", object_created_event("uploads/019ab3f0-5c00-7000-8000-0000000000aa", "abc", 1)).await;
    assert_eq!(nobody["uploads"][0]["outcome"], "nothing to do");
}

#[tokio::test]
async fn events_of_event_bridge_are_accepted() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "csv", 4)).await;
    let event = lyceum.send_file(&sent, b"a;b\n".to_vec()).await;
    let e_tag = &event["Records"][0]["s3"]["object"]["eTag"];
    let event = json!({
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": { "bucket": { "name": BUCKET }, "object": { "key": sent.key(), "size": 4, "etag": e_tag } },
    });
    assert_eq!(lyceum.run("ingest", event).await["uploads"][0]["outcome"], "ready");
}
