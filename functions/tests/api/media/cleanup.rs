use chrono::TimeDelta;
use image::ImageFormat;
use serde_json::{Value, json};

use super::harness::{NewUpload, course};
use super::samples;
use crate::harness::{BUCKET, Lyceum};

async fn run_maintenance(lyceum: &Lyceum) -> Value {
    lyceum.run("maintain", json!({})).await["files"].clone()
}

#[tokio::test]
async fn an_upload_that_never_arrived_is_removed_after_24_hours_with_its_parts() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (form, parts) =
        (NewUpload::of(&course, 0, "pdf", 10), NewUpload { in_parts: true, ..NewUpload::of(&course, 0, "mp4", 10) });
    let (form, parts) = (lyceum.create_upload(&form).await, lyceum.create_upload(&parts).await);
    let create = lyceum.s3().create_multipart_upload().bucket(BUCKET).key(parts.key()).send().await.unwrap();
    let id = create.upload_id().unwrap();
    let part = lyceum.s3().upload_part().bucket(BUCKET).key(parts.key()).upload_id(id).part_number(1);
    part.body(vec![7; 10].into()).send().await.unwrap();
    sqlx::query("UPDATE uploads SET multipart_id = $1 WHERE id = $2")
        .bind(id)
        .bind(parts.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    lyceum.clock.advance(TimeDelta::hours(23));
    assert_eq!(run_maintenance(&lyceum).await["unfinished_removed"], 0);
    lyceum.clock.advance(TimeDelta::hours(1));
    assert_eq!(run_maintenance(&lyceum).await["unfinished_removed"], 2);
    assert_eq!((lyceum.upload_row(&form).await, lyceum.upload_row(&parts).await), (Value::Null, Value::Null));
    let gone = lyceum.s3().list_parts().bucket(BUCKET).key(parts.key()).upload_id(id).send().await;
    assert_eq!(gone.unwrap_err().into_service_error().meta().code(), Some("NoSuchUpload"));
    assert_eq!(run_maintenance(&lyceum).await["unfinished_removed"], 0, "a second run has nothing to do");
}

#[tokio::test]
async fn a_file_whose_event_was_lost_is_processed_even_after_the_upload_expired() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "mp4", samples::mp4().len())).await;
    lyceum.send_file(&sent, samples::mp4()).await;
    assert_eq!(run_maintenance(&lyceum).await["taken_up"], 0, "its event may still come");
    lyceum.clock.advance(TimeDelta::hours(25));
    assert_eq!(run_maintenance(&lyceum).await["taken_up"], 1);
    assert_eq!(lyceum.upload_row(&sent).await["status"], "ready");
    assert_eq!(lyceum.count("SELECT count(*) FROM lessons WHERE self_hosted_video_path IS NOT NULL").await, 1);
}

#[tokio::test]
async fn a_rejected_upload_is_deleted_after_30_days() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (sent, _) = lyceum.ingest_lesson_file(&course, 0, "pdf", b"none".to_vec()).await;
    lyceum.clock.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(run_maintenance(&lyceum).await["rejected_forgotten"], 0);
    assert_eq!(lyceum.upload_row(&sent).await["status"], "rejected");
    lyceum.clock.advance(TimeDelta::seconds(1));
    assert_eq!(run_maintenance(&lyceum).await["rejected_forgotten"], 1);
    assert_eq!(lyceum.upload_row(&sent).await, Value::Null);
}

#[tokio::test]
async fn a_file_that_could_not_be_processed_for_a_week_is_rejected_with_a_reason() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", samples::pdf().len())).await;
    lyceum.send_file(&sent, samples::pdf()).await;
    lyceum.clock.advance(TimeDelta::days(8));
    assert_eq!(run_maintenance(&lyceum).await["taken_up"], 1);
    let row = lyceum.upload_row(&sent).await;
    assert_eq!((&row["status"], &row["rejection_code"]), (&json!("rejected"), &json!("not_judged")));
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn a_replaced_file_is_removed_after_its_signed_urls_expired() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (first, row) = lyceum.ingest_lesson_file(&course, 0, "mp4", samples::mp4()).await;
    let (second, _) = lyceum.ingest_lesson_file(&course, 0, "webm", samples::webm()).await;
    let path = row["storage_path"].as_str().unwrap();
    lyceum.clock.advance(TimeDelta::minutes(59));
    assert_eq!(run_maintenance(&lyceum).await["files_removed"], 0);
    assert!(lyceum.object(path).await.is_some(), "its signed URLs still work");
    lyceum.clock.advance(TimeDelta::minutes(1));
    assert_eq!(run_maintenance(&lyceum).await["files_removed"], 1);
    assert_eq!((lyceum.object(path).await, lyceum.upload_row(&first).await), (None, Value::Null));
    assert_eq!(lyceum.upload_row(&second).await["status"], "ready");
}

#[tokio::test]
async fn the_files_of_a_deleted_lesson_are_removed() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 2).await;
    lyceum.ingest_lesson_file(&course, 0, "mp4", samples::mp4()).await;
    lyceum.ingest_lesson_file(&course, 0, "pdf", samples::pdf()).await;
    let (kept, _) = lyceum.ingest_lesson_file(&course, 1, "pdf", samples::pdf()).await;
    course.instructor.delete(&format!("/v1/lessons/{}", course.lessons[0])).await.no_content();
    assert_eq!(run_maintenance(&lyceum).await["freed"], 2);
    lyceum.clock.advance(TimeDelta::hours(1));
    assert_eq!(run_maintenance(&lyceum).await["files_removed"], 2);
    assert_eq!(lyceum.object_keys().await, [lyceum.upload_row(&kept).await["storage_path"].as_str().unwrap()]);
}

#[tokio::test]
async fn the_files_of_a_deleted_course_are_removed_when_it_can_no_longer_be_restored() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    lyceum.ingest_lesson_file(&course, 0, "mp4", samples::mp4()).await;
    let png = samples::image(ImageFormat::Png, 90, 90);
    lyceum.ingest_file(&NewUpload::image(&course, &course.instructor, "thumbnail", "png", png.len()), png).await;
    course.instructor.delete(&course.path("")).await.no_content();
    lyceum.clock.advance(TimeDelta::days(30));
    assert_eq!(run_maintenance(&lyceum).await["freed"], 0);
    let (admin, restore) = (lyceum.admin().await, course.path("/restore"));
    admin.post(&restore, json!({})).await.ok();
    admin.delete(&course.path("")).await.no_content();

    lyceum.clock.advance(TimeDelta::days(30) + TimeDelta::hours(1));
    let admin = lyceum.admin().await;
    assert_eq!(run_maintenance(&lyceum).await["freed"], 2);
    admin.post(&restore, json!({})).await.problem(409, "conflict");
    lyceum.clock.advance(TimeDelta::hours(1));
    assert_eq!(run_maintenance(&lyceum).await["files_removed"], 2);
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn the_picture_of_an_erased_account_is_removed() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (student, png) = (lyceum.student().await, samples::image(ImageFormat::Png, 90, 90));
    lyceum.ingest_file(&NewUpload::image(&course, &student, "picture", "png", png.len()), png).await;
    lyceum.admin().await.delete(&format!("/v1/users/{}", student.id)).await.no_content();
    lyceum.clock.advance(TimeDelta::days(30));
    assert_eq!(run_maintenance(&lyceum).await["files_removed"], 0);
    lyceum.clock.advance(TimeDelta::hours(1));
    assert_eq!(run_maintenance(&lyceum).await["files_removed"], 1);
    assert!(lyceum.object_keys().await.is_empty());
}

#[tokio::test]
async fn only_objects_without_a_row_are_removed_after_a_day() {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, 1).await;
    let (_, row) = lyceum.ingest_lesson_file(&course, 0, "pdf", samples::pdf()).await;
    let strangers =
        ["uploads/019ab3f0-5c00-7000-8000-0000000000aa", "uploads/x", "media/x/y.mp4", "public/pictures/x.jpg"];
    for key in strangers.iter().chain(&["elsewhere/x"]) {
        lyceum.put_object(key, "text/plain", b"x".to_vec()).await;
    }
    assert_eq!(run_maintenance(&lyceum).await["orphans_removed"], 0, "its row may still be created");
    lyceum.clock.advance(TimeDelta::hours(24) + TimeDelta::minutes(5));
    let waiting = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", 10)).await;
    lyceum.put_object(&waiting.key(), "text/plain", b"0123456789".to_vec()).await;
    assert_eq!(run_maintenance(&lyceum).await["orphans_removed"], 4);
    let mut left = lyceum.object_keys().await;
    left.sort_unstable();
    assert_eq!(left, ["elsewhere/x", row["storage_path"].as_str().unwrap(), &waiting.key()]);
}

#[tokio::test]
async fn without_s3_the_rest_of_maintenance_runs_and_the_failure_is_reported() {
    let lyceum =
        Lyceum::today_with(|name| (name == "AWS_ENDPOINT_URL_S3").then(|| "http://127.0.0.1:9".to_owned())).await;
    let student = lyceum.student().await;
    lyceum.admin().await.delete(&format!("/v1/users/{}", student.id)).await.no_content();
    lyceum.clock.advance(TimeDelta::days(30));
    let failed = lyceum.try_run("maintain", json!({})).await.unwrap_err();
    assert!(failed.to_string().contains("files: unavailable"), "{failed}");
    assert_eq!(lyceum.audited("user.erase").await.len(), 1);
}
