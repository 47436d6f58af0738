//! A response in the form in which it is cached or stored for idempotent calls.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::answer::Answer;
use crate::error::{Error, Result};

/// Holds the handler's headers only. The headers that every response has are added when it is sent.
#[derive(Debug)]
pub(super) struct StoredResponse {
    pub status: StatusCode,
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

impl StoredResponse {
    pub fn of(answer: &Answer) -> Self {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Self { status: answer.status, headers, body: answer.body.clone() }
    }

    /// Serializes to one line of JSON with status and headers, followed by the raw body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::json!([self.status.as_u16(), self.headers]).to_string().into_bytes();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote. Returns `None` for another format, as other versions of this code may
    /// write.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, body) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == b'\n')?)?;
        let (status, headers) = serde_json::from_slice(head).ok()?;
        Some(Self { status: StatusCode::from_u16(status).ok()?, headers, body: Bytes::copy_from_slice(body.get(1..)?) })
    }

    pub fn into_answer(self) -> Result<Answer> {
        let headers = self.headers.iter().map(|(name, value)| {
            let name = HeaderName::try_from(name.as_str()).map_err(Error::internal)?;
            Ok((name, HeaderValue::try_from(value.as_str()).map_err(Error::internal)?))
        });
        Ok(Answer { status: self.status, headers: headers.collect::<Result<HeaderMap>>()?, body: self.body })
    }
}
