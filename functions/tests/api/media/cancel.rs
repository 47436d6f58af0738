use serde_json::json;

use crate::harness::uploading::{PART, document, put_part, put_zeros, submit, video};
use crate::harness::{BUCKET, CourseInProgress, Lyceum};

#[tokio::test]
async fn a_cancelled_upload_is_removed_with_everything_that_was_sent() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (form_path, form) = course.upload(document(5)).await;
    assert_eq!(submit(&form, b"01234").await, 201);
    let (parts_path, sending) = course.upload(video(PART + 7)).await;
    put_zeros(&sending["parts"][1]).await;
    lyceum.anonymous().delete(&form_path).await.problem(401, "unauthorized");
    for path in [&form_path, &parts_path] {
        instructor.delete(path).await.no_content();
        instructor.get(path).await.problem(404, "not-found");
        instructor.delete(path).await.problem(404, "not-found");
    }
    let objects = lyceum.s3().list_objects_v2().bucket(BUCKET).send().await.unwrap();
    assert!(objects.contents().is_empty(), "{objects:?}");
    assert_eq!(put_part(&sending["parts"][1], vec![0; 7]).await.0, 404);
    let rows = lyceum.audited("upload.delete").await;
    assert_eq!((rows.len(), &rows[0]["resource_id"]), (2, &form["upload_id"]));
}

#[tokio::test]
async fn complete_and_rejected_uploads_can_be_cancelled_but_not_processing_or_ready_ones() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 7)).await;
    let parts = [put_zeros(&sending["parts"][0]).await, put_zeros(&sending["parts"][1]).await];
    instructor.post(&format!("{path}/complete"), json!({ "parts": parts })).await.ok();
    instructor.delete(&path).await.no_content();
    assert_eq!(lyceum.object(path.trim_start_matches("/v1/")).await, None);

    let (path, form) = course.upload(document(5)).await;
    let id = form["upload_id"].as_str().unwrap();
    lyceum.change("UPDATE uploads SET status = 'processing' WHERE id = $1", id).await;
    instructor.delete(&path).await.problem(409, "upload-closed");
    lyceum.change("UPDATE uploads SET status = 'ready', storage_path = 'x' WHERE id = $1", id).await;
    instructor.delete(&path).await.problem(409, "upload-closed");
    let reject = "UPDATE uploads SET status = 'rejected', rejection_code = 'x', rejection_reason = 'x' WHERE id = $1";
    lyceum.change(reject, id).await;
    instructor.delete(&path).await.no_content();
}
