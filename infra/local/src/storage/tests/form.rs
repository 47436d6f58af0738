//! A browser's upload by a signed form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::*;

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |byte: u8| block.map(|b| b ^ byte);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// The form's fields, signed for `uploads/1`, at most ten bytes of `text/x-test`.
fn fields(minutes: i64) -> Vec<(&'static str, String)> {
    let now = Utc::now();
    let (day, moment) = (now.format("%Y%m%d").to_string(), now.format("%Y%m%dT%H%M%SZ").to_string());
    let mut fields = vec![
        ("key", "uploads/1".to_owned()),
        ("Content-Type", "text/x-test".to_owned()),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential", format!("key/{day}/eu-central-1/s3/aws4_request")),
        ("x-amz-date", moment),
    ];
    let conditions: Vec<_> = fields.iter().map(|(name, value)| format!(r#"{{"{name}":"{value}"}}"#)).collect();
    let expiration = (now + TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%S.000Z");
    let policy = STANDARD.encode(format!(
        r#"{{"expiration":"{expiration}","conditions":[{{"bucket":"{BUCKET}"}},["content-length-range",1,10],{}]}}"#,
        conditions.join(",")
    ));
    let key =
        [&*day, "eu-central-1", "s3", "aws4_request"].iter().fold(b"AWS4secret".to_vec(), |key, part| hmac(&key, part));
    fields.push(("x-amz-signature", hex::encode(hmac(&key, &policy))));
    fields.push(("policy", policy));
    fields
}

async fn submit(test: &Fixture, fields: &[(&str, String)], file: &str) -> u16 {
    let part =
        |name: &str, value: &str| format!("--edge\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n");
    let mut parts: Vec<_> = fields.iter().map(|(name, value)| part(&format!("\"{name}\""), value)).collect();
    parts.push(part("\"file\"; filename=\"x\"", file) + "--edge--\r\n");
    let url = format!("{}/{BUCKET}", test.storage.endpoint());
    let post = test.http.post(url).header("content-type", "multipart/form-data; boundary=edge");
    post.body(parts.concat()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn takes_what_was_signed_and_nothing_else() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    assert_eq!(submit(&test, &fields(5), "0123456789").await, 204);
    let object = test.get("uploads/1").send().await.unwrap();
    assert_eq!((object.content_type(), object.content_length()), (Some("text/x-test"), Some(10)));
    assert_eq!(created.try_recv().unwrap().event, "ObjectCreated:Post");

    assert_eq!(submit(&test, &fields(5), "01234567890").await, 400);
    assert_eq!(submit(&test, &fields(-1), "late").await, 403);
    // S3 says 403 to all of these; s3s says 400 where the policy's conditions are not met
    for (field, value, status) in [(0, "uploads/2", 400), (1, "text/html", 400), (5, "00", 403)] {
        let mut changed = fields(5);
        value.clone_into(&mut changed[field].1);
        assert_eq!(submit(&test, &changed, "text").await, status, "{value}");
    }
    assert!(created.try_recv().is_err());
}
