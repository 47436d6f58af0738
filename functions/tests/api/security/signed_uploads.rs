//! A signed upload accepts only the signed size, type, key and checksum. (Quotas are tested in `media/quotas.rs`.)

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::uploading::{PART, document, put_part, submit, submit_changed, video};
use crate::harness::{CourseInProgress, Lyceum};

/// The SHA-256 of `01234`.
const CHECKSUM: &str = "xWX+A8qbYkLgHf3e/pu6PZiycOGc0C/YXOr3XislvxI=";

#[tokio::test]
async fn a_form_accepts_only_the_signed_size_type_and_key() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (_, form) = course.upload(document(5)).await;
    let mut created = lyceum.created();
    for file in [&b"0123"[..], b"012345", b""] {
        assert!(submit(&form, file).await >= 400);
    }
    let elsewhere = form["fields"]["key"].as_str().unwrap().replace("uploads/", "media/");
    for change in [
        ("key", elsewhere.as_str()),
        ("key", "uploads/another"),
        ("Content-Type", "text/html"),
        ("success_action_status", "200"),
        ("success_action_redirect", "https://evil.test"),
        ("acl", "public-read"),
        ("x-amz-meta-more", "more"),
        ("x-amz-date", "20200101T000000Z"),
        ("x-amz-signature", "00"),
    ] {
        let (status, text) = submit_changed(&form, Some(change), b"01234").await;
        assert!((400..500).contains(&status), "{change:?}: {status} {text}");
    }
    assert!(created.try_recv().is_err(), "nothing was stored");
    assert_eq!(submit(&form, b"01234").await, 201);
}

#[tokio::test]
async fn a_forms_policy_lists_every_field_and_the_expiration() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let mut body = document(5);
    body["checksum_sha256"] = json!(CHECKSUM);
    let (_, form) = course.upload(body).await;
    let fields = form["fields"].as_object().unwrap();
    let policy = STANDARD.decode(fields["policy"].as_str().unwrap()).unwrap();
    let policy: Value = serde_json::from_slice(&policy).unwrap();
    assert_eq!(policy["expiration"], "2026-11-23T20:56:00.000Z");
    let conditions = policy["conditions"].as_array().unwrap();
    assert!(conditions.contains(&json!(["content-length-range", 5, 5])), "{policy}");
    assert!(conditions.contains(&json!({ "bucket": "media" })), "{policy}");
    let signed = fields.iter().filter(|(name, _)| !["policy", "x-amz-signature"].contains(&name.as_str()));
    let signed: Vec<_> = signed.map(|(name, value)| json!({ name.as_str(): value })).collect();
    assert!(signed.iter().all(|field| conditions.contains(field)), "{policy}");
    assert_eq!(conditions.len(), signed.len() + 2, "{policy}");
    assert_eq!(fields["x-amz-checksum-sha256"], CHECKSUM);
}

#[tokio::test]
async fn a_file_with_another_checksum_is_not_stored() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let mut body = document(5);
    body["checksum_sha256"] = json!(CHECKSUM);
    let (path, form) = course.upload(body.clone()).await;
    let key = path.trim_start_matches("/v1/");
    let (status, text) = submit_changed(&form, None, b"43210").await;
    assert!(status == 400 && text.contains("BadDigest"), "{status} {text}");
    assert_eq!(lyceum.object(key).await, None);
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(submit_changed(&form, Some(("x-amz-checksum-sha256", other)), b"01234").await.0 >= 400);
    assert_eq!(submit(&form, b"01234").await, 201);
    for wrong in ["", "x", &hex::encode([0; 32]), &STANDARD.encode([0; 31])] {
        body["checksum_sha256"] = json!(wrong);
        let faults = course.ask(&instructor, body.clone()).await.faults();
        assert_eq!(faults, ["/checksum_sha256 invalid_checksum"], "{wrong}");
    }
}

#[tokio::test]
async fn a_part_accepts_only_the_signed_size_and_number() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 7)).await;
    let (first, last) = (&sending["parts"][0], &sending["parts"][1]);
    assert!(last["url"].as_str().unwrap().contains("X-Amz-SignedHeaders=content-length%3Bhost"), "{last}");
    for bytes in [6, 8, 0] {
        assert_eq!(put_part(last, vec![0; bytes]).await.0, 403, "{bytes} bytes");
    }
    assert_eq!(put_part(first, vec![0; 7]).await.0, 403, "the last part's size with the first part's number");
    let changed = |from: &str, to: &str| {
        let url = last["url"].as_str().unwrap().replace(from, to);
        assert_ne!(url, last["url"].as_str().unwrap());
        json!({ "url": url })
    };
    for part in [
        changed("partNumber=2", "partNumber=1"),
        changed("/uploads/", "/media/"),
        changed("X-Amz-Expires=3600", "X-Amz-Expires=36000"),
    ] {
        assert_eq!(put_part(&part, vec![0; 7]).await.0, 403, "{part}");
    }
    assert_eq!(instructor.get(&path).await.ok()["parts"], json!([]));
    assert_eq!(put_part(last, vec![0; 7]).await.0, 200);
}

#[tokio::test]
async fn signed_uploads_expire() {
    let lyceum = Lyceum::today().await;
    lyceum.clock.advance(chrono::TimeDelta::minutes(-61));
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (_, form) = course.upload(document(5)).await;
    let (_, parts) = course.upload(video(PART + 7)).await;
    assert_eq!(submit(&form, b"01234").await, 403);
    assert_eq!(put_part(&parts["parts"][1], vec![0; 7]).await.0, 403);
}
