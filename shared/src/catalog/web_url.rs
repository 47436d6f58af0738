//! Addresses of other sites, as lessons link to them.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde_json::{Value, json};

use crate::input::{Describe, Faults};

/// An `http` or `https` URL of up to `MAX` bytes, as its column holds: nothing that a click could run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl<const MAX: usize = 500>(String);

impl<const MAX: usize> From<WebUrl<MAX>> for String {
    fn from(url: WebUrl<MAX>) -> Self {
        url.0
    }
}

impl<const MAX: usize> Deserr<Faults> for WebUrl<MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, Faults> {
        let text = <String as Deserr<Faults>>::deserialize_from_value(value, location)?;
        let uri: Option<http::Uri> = text.parse().ok();
        let web = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
        });
        if web && text.len() <= MAX {
            return Ok(Self(text));
        }
        let detail = format!("Write a whole http or https address of up to {MAX} characters.");
        Err(Faults::one(location, "invalid_url", detail))
    }
}

impl<const MAX: usize> Describe for WebUrl<MAX> {
    fn schema() -> Value {
        json!({ "type": "string", "format": "uri", "pattern": "^https?://", "maxLength": MAX })
    }
}
