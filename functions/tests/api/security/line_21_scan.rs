//! 21: a scan stands between pending and ready, where it is switched on.

use aws_sdk_s3::types::{Tag, Tagging};
use serde_json::{Value, json};

use crate::harness::{BUCKET, Lyceum};
use crate::media::harness::{CreatedUpload, NewUpload, course};
use crate::media::samples;

async fn scanned(lyceum: &Lyceum, sent: &CreatedUpload, verdict: &str) {
    let tag = Tag::builder().key("GuardDutyMalwareScanStatus").value(verdict).build().unwrap();
    let tagging = Tagging::builder().tag_set(tag).build().unwrap();
    lyceum.s3().put_object_tagging().bucket(BUCKET).key(sent.key()).tagging(tagging).send().await.unwrap();
}

/// GuardDuty's event, which says when to look at the tag.
fn scan_event(sent: &CreatedUpload, event: &Value, verdict: &str) -> Value {
    json!({
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "detail": {
            "scanStatus": "COMPLETED",
            "resourceType": "S3_OBJECT",
            "s3ObjectDetails": {
                "bucketName": BUCKET,
                "objectKey": sent.key(),
                "eTag": event["Records"][0]["s3"]["object"]["eTag"],
                "versionId": "",
            },
            "scanResultDetails": { "scanResultStatus": verdict },
        },
    })
}

#[tokio::test]
async fn line_21_nothing_is_ready_before_the_scan_and_what_it_finds_never() {
    let lyceum = Lyceum::today_with(|name| (name == "MALWARE_SCAN").then(|| "true".to_owned())).await;
    let course = course(&lyceum, 1).await;
    for (verdict, status, code) in [
        ("NO_THREATS_FOUND", "ready", Value::Null),
        ("THREATS_FOUND", "rejected", json!("malware")),
        ("UNSUPPORTED", "rejected", json!("not_scanned")),
        ("ACCESS_DENIED", "rejected", json!("not_scanned")),
        ("FAILED", "rejected", json!("not_scanned")),
    ] {
        let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", samples::pdf().len())).await;
        let event = lyceum.send_file(&sent, samples::pdf()).await;
        let answer = lyceum.run("ingest", event.clone()).await;
        assert_eq!(answer["uploads"][0]["outcome"], "waiting");
        assert_eq!(lyceum.upload_row(&sent).await["status"], "processing");
        let scan = scan_event(&sent, &event, "NO_THREATS_FOUND");
        lyceum.run("ingest", scan).await;
        assert_eq!(lyceum.upload_row(&sent).await["status"], "processing", "the tag counts, not what an event says");

        scanned(&lyceum, &sent, verdict).await;
        lyceum.run("ingest", scan_event(&sent, &event, verdict)).await;
        let row = lyceum.upload_row(&sent).await;
        assert_eq!((&row["status"], &row["rejection_code"]), (&json!(status), &code));
        assert_eq!(lyceum.object(&sent.key()).await, None);
    }
    assert_eq!(lyceum.object_keys().await.len(), 1);
}

#[tokio::test]
async fn line_21_what_comes_back_clean_is_judged_all_the_same() {
    let lyceum = Lyceum::today_with(|name| (name == "MALWARE_SCAN").then(|| "true".to_owned())).await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", 8)).await;
    let event = lyceum.send_file(&sent, b"no pdf..".to_vec()).await;
    scanned(&lyceum, &sent, "NO_THREATS_FOUND").await;
    lyceum.run("ingest", event).await;
    assert_eq!(lyceum.upload_row(&sent).await["rejection_code"], "wrong_type");
}

#[tokio::test]
async fn line_21_a_scan_whose_event_never_comes_is_found_by_maintenance() {
    let lyceum = Lyceum::today_with(|name| (name == "MALWARE_SCAN").then(|| "true".to_owned())).await;
    let course = course(&lyceum, 1).await;
    let sent = lyceum.create_upload(&NewUpload::of(&course, 0, "pdf", samples::pdf().len())).await;
    let event = lyceum.send_file(&sent, samples::pdf()).await;
    lyceum.run("ingest", event).await;
    lyceum.clock.advance(chrono::TimeDelta::hours(1));
    assert_eq!(lyceum.run("maintain", json!({})).await["files"]["taken_up"], 0);
    scanned(&lyceum, &sent, "NO_THREATS_FOUND").await;
    assert_eq!(lyceum.run("maintain", json!({})).await["files"]["taken_up"], 1);
    assert_eq!(lyceum.upload_row(&sent).await["status"], "ready");
}
