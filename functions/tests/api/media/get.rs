use serde_json::json;

use crate::harness::uploading::{PART, document, put_zeros, video};
use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn an_upload_lists_the_parts_that_have_arrived() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(2 * PART + 7)).await;
    let upload = instructor.get(&path).await.ok();
    assert_eq!((&upload["parts"], &upload["part_size_bytes"]), (&json!([]), &json!(PART)));
    let third = put_zeros(&sending["parts"][2]).await;
    let first = put_zeros(&sending["parts"][0]).await;
    let parts = instructor.get(&path).await.ok()["parts"].clone();
    let said = |part: &serde_json::Value, size: usize| json!({ "part_number": part["part_number"], "size_bytes": size, "etag": part["etag"] });
    assert_eq!(parts, json!([said(&first, PART), said(&third, 7)]));
}

#[tokio::test]
async fn a_rejected_upload_has_the_reason() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, form) = course.upload(document(5)).await;
    let reject = "UPDATE uploads SET status = 'rejected', rejection_code = 'not_utf8', rejection_reason = 'It is no text.' WHERE id = $1";
    lyceum.change(reject, form["upload_id"].as_str().unwrap()).await;
    let upload = instructor.get(&path).await.ok();
    assert_eq!(upload["status"], "rejected");
    assert_eq!(upload["rejection"], json!({ "code": "not_utf8", "reason": "It is no text." }));
    instructor.get("/v1/uploads/x").await.problem(404, "not-found");
}
