//! Form uploads with a signed policy.

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

/// A form as the API signs it: one key and type, exactly ten bytes, and optional fields.
struct Form {
    fields: Vec<(&'static str, String)>,
}

impl Form {
    fn new() -> Self {
        Self::signed(5, 0, &[])
    }

    /// A form that was signed `ago` minutes ago and is valid for `minutes`.
    fn signed(minutes: i64, ago: i64, more: &[(&'static str, &str)]) -> Self {
        let now = Utc::now() - TimeDelta::minutes(ago);
        let (day, moment) = (now.format("%Y%m%d").to_string(), now.format("%Y%m%dT%H%M%SZ").to_string());
        let mut fields = vec![
            ("key", "uploads/1".to_owned()),
            ("Content-Type", "text/x-test".to_owned()),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential", format!("key/{day}/eu-central-1/s3/aws4_request")),
            ("x-amz-date", moment),
        ];
        fields.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let conditions: Vec<_> = fields.iter().map(|(name, value)| format!(r#"{{"{name}":"{value}"}}"#)).collect();
        let expiration = (now + TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%S.000Z");
        let policy = STANDARD.encode(format!(
            r#"{{"expiration":"{expiration}","conditions":[{{"bucket":"{BUCKET}"}},["content-length-range",10,10],{}]}}"#,
            conditions.join(",")
        ));
        let key = [&*day, "eu-central-1", "s3", "aws4_request"]
            .iter()
            .fold(b"AWS4secret".to_vec(), |key, part| hmac(&key, part));
        fields.push(("x-amz-signature", hex::encode(hmac(&key, &policy))));
        fields.push(("policy", policy));
        Self { fields }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.fields.push((name, value.to_owned())),
        }
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self
    }

    /// Sends the form with a file. Returns the status and the body.
    async fn send(&self, test: &Fixture, file: &str) -> (u16, String) {
        let part = |name: &str, value: &str| {
            format!("--edge\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n")
        };
        let mut parts: Vec<_> = self.fields.iter().map(|(name, value)| part(&format!("\"{name}\""), value)).collect();
        parts.push(part("\"file\"; filename=\"x\"", file) + "--edge--\r\n");
        let url = format!("{}/{BUCKET}", test.storage.endpoint());
        let post = test.http.post(url).header("content-type", "multipart/form-data; boundary=edge");
        let answer = post.body(parts.concat()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asserts that the form is refused with this status and code, and stores nothing.
    async fn refused(&self, test: &Fixture, file: &str, status: u16, code: &str) {
        let (answered, told) = self.send(test, file).await;
        assert!(answered == status && told.contains(&format!("<Code>{code}</Code>")), "{code}: {answered} {told}");
        let list = test.s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!((list.contents().len(), test.files_beside()), (0, 0), "{code}");
    }
}

#[tokio::test]
async fn a_signed_form_is_accepted_until_it_expires() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    assert_eq!(Form::new().send(&test, "0123456789").await.0, 204);
    let object = test.get("uploads/1").send().await.unwrap();
    assert_eq!((object.content_type(), object.content_length()), (Some("text/x-test"), Some(10)));
    assert_eq!(created.try_recv().unwrap().event, "ObjectCreated:Post");
    // valid until it expires, which may be later than 15 minutes
    assert_eq!(Form::signed(60, 50, &[]).send(&test, "0123456789").await.0, 204);
}

#[tokio::test]
async fn a_form_gets_the_signed_status() {
    let test = Fixture::new().await;
    let (status, told) = Form::signed(5, 0, &[("success_action_status", "201")]).send(&test, "0123456789").await;
    assert_eq!(status, 201);
    assert!(told.contains("<Key>uploads/1</Key>") && told.contains("781e5e245d69b566979b86e28d23f2c7"), "{told}");
    let digest = ("x-amz-checksum-sha256", "hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=");
    assert_eq!(Form::signed(5, 0, &[digest]).send(&test, "0123456789").await.0, 204);
}

#[tokio::test]
async fn a_changed_form_is_refused_and_stores_nothing() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    let ten = "0123456789";
    Form::new().refused(&test, "01234567890", 400, "EntityTooLarge").await;
    Form::new().refused(&test, "012345678", 400, "EntityTooSmall").await;
    Form::signed(5, 6, &[]).refused(&test, ten, 403, "AccessDenied").await; // expired
    Form::new().with("key", "uploads/2").refused(&test, ten, 403, "AccessDenied").await;
    Form::new().with("Content-Type", "text/html").refused(&test, ten, 403, "AccessDenied").await;
    Form::new().without("Content-Type").refused(&test, ten, 403, "AccessDenied").await;
    Form::new().with("acl", "public-read").refused(&test, ten, 403, "AccessDenied").await; // an additional field
    Form::new().with("x-amz-meta-a", "b").refused(&test, ten, 403, "AccessDenied").await;
    Form::new().with("x-amz-date", "20200101T000000Z").refused(&test, ten, 403, "AccessDenied").await;
    Form::new().with("x-amz-signature", "00").refused(&test, ten, 403, "SignatureDoesNotMatch").await;
    Form::new().without("x-amz-signature").refused(&test, ten, 403, "AccessDenied").await;
    let policy = STANDARD.encode(r#"{"expiration":"2099-01-01T00:00:00Z","conditions":[]}"#);
    Form::new().with("policy", &policy).refused(&test, ten, 403, "AccessDenied").await; // a self-made policy
    let digest = ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    Form::signed(5, 0, &[digest]).refused(&test, ten, 400, "BadDigest").await;
    assert!(created.try_recv().is_err());
}
