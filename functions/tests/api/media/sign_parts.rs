use chrono::TimeDelta;
use serde_json::json;

use crate::harness::uploading::{PART, document, put_part, put_zeros, video};
use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn an_interrupted_upload_is_resumed_with_new_signatures_for_missing_parts() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(2 * PART + 7)).await;
    let first = put_zeros(&sending["parts"][0]).await;
    // The page was closed. Another page knows only the id.
    let there = instructor.get(&path).await.ok()["parts"].clone();
    assert_eq!(there[0]["etag"], first["etag"]);
    let again = instructor.post(&format!("{path}/parts"), json!({ "part_numbers": [2, 3] })).await.ok();
    assert_eq!((&again["method"], &again["upload_id"]), (&json!("PUT"), &sending["upload_id"]));
    let parts = again["parts"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[0]["part_number"], &parts[1]["size_bytes"]), (2, &json!(2), &json!(7)));
    let mut all = vec![first];
    for part in parts {
        all.push(put_zeros(part).await);
    }
    instructor.post(&format!("{path}/complete"), json!({ "parts": all })).await.ok();
    assert_eq!(lyceum.audited("upload.sign_parts").await.len(), 1);
}

#[tokio::test]
async fn signatures_are_valid_for_an_hour_but_not_after_the_upload_expires() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 1)).await;
    assert_eq!(sending["expires_at"], "2026-11-23T20:56:00Z");
    assert!(sending["parts"][0]["url"].as_str().unwrap().contains("X-Amz-Expires=3600"));
    lyceum.clock.advance(TimeDelta::minutes(23 * 60 + 30));
    let instructor = instructor.again().await;
    let sign = || async { instructor.post(&format!("{path}/parts"), json!({ "part_numbers": [1] })).await };
    let again = sign().await.ok();
    assert_eq!(again["expires_at"], "2026-11-24T19:56:00Z");
    assert!(again["parts"][0]["url"].as_str().unwrap().contains("X-Amz-Expires=1800"));
    assert!(again["parts"][0]["url"].as_str().unwrap().contains("X-Amz-Date=20261124T192600Z"), "{again}");
    lyceum.clock.advance(TimeDelta::minutes(30));
    let instructor = instructor.again().await;
    let problem = instructor.post(&format!("{path}/parts"), json!({ "part_numbers": [1] })).await;
    assert!(problem.problem(409, "upload-closed")["detail"].as_str().unwrap().contains("expired"));
    let complete = instructor.post(&format!("{path}/complete"), json!({ "parts": [] })).await;
    complete.problem(409, "upload-closed");
}

#[tokio::test]
async fn only_existing_parts_can_be_signed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, _) = course.upload(video(PART + 1)).await;
    let path = format!("{path}/parts");
    for (body, faults) in [
        (json!({}), vec!["/part_numbers required"]),
        (json!({ "part_numbers": vec![1; 10_001] }), vec!["/part_numbers too_many"]),
        (json!({ "part_numbers": [0] }), vec!["/part_numbers/0 out_of_range"]),
        (json!({ "part_numbers": [1, 3, 4] }), vec!["/part_numbers/1 unknown_part", "/part_numbers/2 unknown_part"]),
        (json!({ "part_numbers": ["1"] }), vec!["/part_numbers/0 wrong_type"]),
    ] {
        assert_eq!(instructor.post(&path, body).await.faults(), faults);
    }
    assert_eq!(
        instructor.post(&path, json!({ "part_numbers": [2, 2] })).await.ok()["parts"].as_array().unwrap().len(),
        1
    );
    let (form, _) = course.upload(document(5)).await;
    instructor.post(&format!("{form}/parts"), json!({ "part_numbers": [1] })).await.problem(409, "conflict");
    lyceum.anonymous().post(&path, json!({ "part_numbers": [1] })).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn parts_of_a_complete_upload_can_not_be_signed() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 1)).await;
    let parts = [put_zeros(&sending["parts"][0]).await, put_zeros(&sending["parts"][1]).await];
    instructor.post(&format!("{path}/complete"), json!({ "parts": parts })).await.ok();
    let sign = instructor.post(&format!("{path}/parts"), json!({ "part_numbers": [1] })).await;
    sign.problem(409, "upload-closed");
    assert_eq!(put_part(&sending["parts"][1], vec![1]).await.0, 404, "earlier signatures no longer work");
}
