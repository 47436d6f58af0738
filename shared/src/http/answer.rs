//! Turns a handler's reply or error into a status, headers and bytes.

use std::any::Any;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use lambda_http::Body;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Raw, Reply};
use crate::error::{Error, Fault, Place, Problem, Result};
use crate::{problem, version};

/// A response with its body already serialized.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn new<T: Serialize + 'static>(reply: Reply<T>) -> Result<Self> {
        let Reply { status, mut headers, body, body_override } = reply;
        let any: &dyn Any = &body;
        let body = if let Some(bytes) = body_override {
            bytes
        } else if any.is::<()>() {
            Bytes::new()
        } else if let Some(Raw(bytes)) = any.downcast_ref() {
            bytes.clone()
        } else {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            serde_json::to_vec(&body)?.into()
        };
        Ok(Self { status, headers, body })
    }

    pub(super) fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Builds the problem response of an error (RFC 9457). Causes of 500 and 503 are logged and not shown to the
    /// caller.
    pub(super) fn problem(error: Error, request_id: &str) -> Self {
        let problem = match error {
            Error::Problem(problem) => *problem,
            Error::Unavailable(cause) | Error::Retry(cause) => {
                tracing::error!(request_id, %cause, "unavailable");
                Problem::new(
                    &problem::UNAVAILABLE,
                    "A service that we depend on is unavailable or too busy. Try again in a moment.",
                )
            }
            Error::Internal(cause) => {
                tracing::error!(request_id, %cause, "internal error");
                Problem::new(
                    &problem::INTERNAL,
                    "Something went wrong on our side. It was logged under this request id.",
                )
            }
        };
        let mut members = Map::from_iter([
            ("type".to_owned(), json!(format!("/problems/{}", problem.kind.name))),
            ("title".to_owned(), json!(problem.kind.title)),
            ("status".to_owned(), json!(problem.kind.status)),
            ("detail".to_owned(), json!(problem.detail)),
            ("instance".to_owned(), json!(request_id)),
        ]);
        if !problem.faults.is_empty() {
            let errors = problem.faults.iter().map(|Fault { place, code, detail }| match place {
                Place::Body(pointer) => json!({ "pointer": pointer, "code": code, "detail": detail }),
                Place::Query(name) => {
                    json!({ "pointer": format!("/{name}"), "parameter": name, "code": code, "detail": detail })
                }
                Place::Header(name) => {
                    json!({ "pointer": format!("/{name}"), "header": name, "code": code, "detail": detail })
                }
            });
            members.insert("errors".to_owned(), errors.collect());
        }
        members.extend(problem.members);
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))]);
        match problem.kind.status {
            401 => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            503 => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => {}
        }
        if let Some(wait) = problem.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        Self {
            status: StatusCode::from_u16(problem.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            body: Value::Object(members).to_string().into(),
        }
    }

    /// Lets shared caches keep the response for a minute. Use it only for responses without private data.
    pub(super) fn cacheable(mut self) -> Self {
        self.headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60, stale-while-revalidate=300"));
        self.headers.insert(VARY, HeaderValue::from_static("Authorization"));
        self
    }

    /// Adds an entity tag, and answers 304 without a body when `if_none_match` lists it.
    pub(super) fn conditional(mut self, if_none_match: Option<&str>) -> Self {
        let tag = self.headers.entry(ETAG).or_insert_with(|| body_tag(&self.body));
        let known = tag.to_str().is_ok_and(|tag| version::lists(if_none_match, tag));
        if known {
            self.status = StatusCode::NOT_MODIFIED;
            self.headers.remove(CONTENT_TYPE);
            self.body = Bytes::new();
        }
        self
    }

    /// Converts to the type that `lambda_http` takes, and adds the headers that every response has.
    pub(super) fn into_response(mut self, request_id: &str) -> Response<Body> {
        let every = [
            ("x-content-type-options", "nosniff"),
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
            ("x-request-id", request_id),
        ];
        for (name, value) in every {
            if let Ok(value) = HeaderValue::from_str(value) {
                self.headers.insert(name, value);
            }
        }
        self.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        let body = match String::from_utf8(self.body.into()) {
            Ok(text) if text.is_empty() => Body::Empty,
            // lambda_http removes one byte order mark from a text body, so a second one is sent.
            Ok(text) if text.starts_with('\u{feff}') => Body::Text(format!("\u{feff}{text}")),
            Ok(text) => Body::Text(text),
            Err(bytes) => Body::Binary(bytes.into_bytes()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Returns a hash of the body, short enough for an entity tag.
pub(super) fn body_hash(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body).get(..12).unwrap_or_default())
}

/// Returns the entity tag of a body that has no version.
fn body_tag(body: &[u8]) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", body_hash(body))).unwrap_or(HeaderValue::from_static("\"\""))
}
