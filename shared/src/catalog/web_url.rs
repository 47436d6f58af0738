//! Addresses of other sites, as lessons link to them.

use crate::input::{Invalid, from_text};

/// An `http` or `https` URL of up to 500 characters: nothing that a click could run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct WebUrl(String);

impl From<WebUrl> for String {
    fn from(url: WebUrl) -> Self {
        url.0
    }
}

from_text!(WebUrl, { "type": "string", "format": "uri", "pattern": "^https?://", "maxLength": 500 }, |text| {
    let uri: Option<http::Uri> = text.parse().ok();
    let web = uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty()));
    if web && text.len() <= 500 {
        Ok(WebUrl(text.to_owned()))
    } else {
        Err(Invalid::new("invalid_url", "Write a whole http or https address of up to 500 characters."))
    }
});
