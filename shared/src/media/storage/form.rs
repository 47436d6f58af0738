//! Signed forms, with which browsers send small files. S3 accepts only what the policy of the form allows.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Storage;
use crate::error::{Error, Result};

/// The only file that a form accepts.
pub struct FormFile<'a> {
    pub key: &'a str,
    pub content_type: &'a str,
    pub size_bytes: i64,
    /// The SHA-256 that S3 verifies.
    pub checksum: Option<&'a [u8]>,
}

/// The URL of a form, and its fields without the file.
#[derive(Debug)]
pub struct Form {
    pub url: String,
    pub fields: BTreeMap<&'static str, String>,
}

impl Storage {
    /// Signs a form for exactly this file: its key, type, size and, if given, checksum. Each field is a condition of the
    /// policy, so that none can be changed, left out or added. The form is valid for `time` from `now`.
    ///
    /// # Errors
    /// Fails when there are no credentials to sign with.
    pub async fn sign_form(&self, file: &FormFile<'_>, now: DateTime<Utc>, time: Duration) -> Result<Form> {
        let credentials = self.credentials.provide_credentials().await.map_err(Error::internal)?;
        let scope = format!("{}/{}/s3/aws4_request", now.format("%Y%m%d"), self.region);
        let mut fields = BTreeMap::from([
            ("key", file.key.to_owned()),
            ("Content-Type", file.content_type.to_owned()),
            ("success_action_status", "201".to_owned()),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential", format!("{}/{scope}", credentials.access_key_id())),
            ("x-amz-date", now.format("%Y%m%dT%H%M%SZ").to_string()),
        ]);
        if let Some(token) = credentials.session_token() {
            fields.insert("x-amz-security-token", token.to_owned()); // credentials of a Lambda role have one
        }
        if let Some(checksum) = file.checksum {
            fields.insert("x-amz-checksum-algorithm", "SHA256".to_owned());
            fields.insert("x-amz-checksum-sha256", STANDARD.encode(checksum));
        }
        let mut conditions: Vec<Value> = fields.iter().map(|(name, value)| json!({ *name: value })).collect();
        conditions.push(json!({ "bucket": self.bucket }));
        conditions.push(json!(["content-length-range", file.size_bytes, file.size_bytes]));
        let expiration = (now + time).to_rfc3339_opts(SecondsFormat::Millis, true);
        let policy = STANDARD.encode(json!({ "expiration": expiration, "conditions": conditions }).to_string());
        let key = generate_signing_key(credentials.secret_access_key(), SystemTime::from(now), &self.region, "s3");
        fields.insert("x-amz-signature", calculate_signature(key, policy.as_bytes()));
        fields.insert("policy", policy);
        Ok(Form { url: self.root().await?, fields })
    }
}
