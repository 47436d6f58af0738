//! A request as it arrived, before its body and query are parsed.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Method};
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt};
use serde_json::{Map, Value};

use super::idempotency::IdempotentCall;
use super::text_body;
use crate::app::App;
use crate::db::CallConnection;
use crate::error::{Error, Fault, Result};
use crate::identity::Caller;
use crate::problem;
use crate::transaction::Context;

const JSON: &str = "application/json";
/// The largest request body, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How many characters of `User-Agent` are stored. Browsers send about 150; an attacker can send 10,000.
const MAX_USER_AGENT_CHARS: usize = 255;

/// The header in which `CloudFront` sends the client's address and port.
const VIEWER_ADDRESS: &str = "cloudfront-viewer-address";
/// The header with the secret that proves that a request came through the distribution.
const EDGE_SECRET: &str = "x-lyceum-edge";

#[derive(Clone)]
pub(crate) struct Incoming {
    pub app: Arc<App>,
    pub method: Method,
    pub path: String,
    pub parameters: BTreeMap<String, String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub request_id: String,
    pub context: Context,
    /// Set when the request has an `Idempotency-Key`.
    pub idempotent_call: Option<Arc<IdempotentCall>>,
    pub(super) body: Bytes,
}

impl Incoming {
    pub(super) fn new(app: &Arc<App>, event: lambda_http::Request) -> Self {
        let (request_id, source) = match event.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => (context.request_id.clone(), context.http.source_ip.clone()),
            _ => (None, None),
        };
        let address = match &app.settings.edge_secret {
            Some(_) => event.headers().get(VIEWER_ADDRESS).and_then(|value| value.to_str().ok()).and_then(without_port),
            None => source,
        };
        let query = form_urlencoded::parse(event.uri().query().unwrap_or_default().as_bytes()).into_owned();
        let query = query.filter(|(_, value)| !value.is_empty()).collect(); // an empty form field counts as absent
        let path = event.raw_http_path().to_owned();
        let (parts, body) = event.into_parts();
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = user_agent.map(|text| text.chars().take(MAX_USER_AGENT_CHARS).collect());
        Self {
            app: app.clone(),
            method: parts.method,
            path,
            parameters: BTreeMap::new(),
            query,
            headers: parts.headers,
            request_id: request_id.unwrap_or_else(|| crate::id::uuid_at(app.clock.now()).to_string()),
            context: Context {
                caller: Caller::Anonymous,
                now: app.clock.now(),
                address,
                user_agent,
                connection: CallConnection::default(),
            },
            idempotent_call: None,
            body: match body {
                Body::Text(text) => Bytes::from(text),
                Body::Binary(bytes) => Bytes::from(bytes),
                _ => Bytes::new(),
            },
        }
    }

    pub(super) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Refuses requests that didn't come through the distribution, if there is one. Only the distribution's header with
    /// the client's address can be trusted.
    pub(super) fn check_edge_secret(&self) -> Result<()> {
        let Some(secret) = &self.app.settings.edge_secret else { return Ok(()) };
        let sent = self.headers.get(EDGE_SECRET).map(http::HeaderValue::as_bytes).unwrap_or_default();
        if aws_lc_rs::constant_time::verify_slices_are_equal(sent, secret.as_bytes()).is_ok() {
            return Ok(());
        }
        Err(Error::forbidden("Use the published address of the API. This address doesn't accept direct requests."))
    }

    /// Returns the bearer token, if one was sent (RFC 6750).
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Returns the body, sent as one of `media_types`: JSON as its value (an empty body is an empty object), any other
    /// type as a string.
    pub(super) fn value(&self, media_types: &[&str]) -> Result<Value> {
        if self.body.len() > MAX_BODY_BYTES {
            return Err(Error::problem(&problem::BODY_TOO_LARGE, "The body has more than 1 MiB."));
        }
        let sent = self.header(CONTENT_TYPE).unwrap_or_default();
        if !media_types.contains(&JSON) {
            return text_body::decode(&self.body, sent, media_types).map(Value::String);
        }
        let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if self.body.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        if essence != JSON && essence != "application/merge-patch+json" {
            return Err(Error::problem(
                &problem::UNSUPPORTED_MEDIA_TYPE,
                "Send the body as JSON, with Content-Type: application/json.",
            ));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::invalid(Fault::at("", "invalid_json", format!("The body is not JSON: {error}."))))
    }

    /// Returns the query string as an object of strings. A repeated parameter becomes an array.
    pub(super) fn query_as_json(&self) -> Value {
        let mut fields: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (name, value) in &self.query {
            fields.entry(name).or_default().push(Value::from(value.as_str()));
        }
        fields
            .into_iter()
            .map(|(name, mut values)| {
                (name.to_owned(), if values.len() == 1 { values.remove(0) } else { values.into() })
            })
            .collect::<Map<_, _>>()
            .into()
    }
}

/// Returns the address without its port. Formats: `192.0.2.1:443`, `[2001:db8::1]:443`, `2001:db8::1:443`.
fn without_port(address: &str) -> Option<String> {
    let (host, _port) = address.rsplit_once(':')?;
    Some(host.trim_matches(['[', ']']).to_owned())
}
