//! Addresses of other sites, as lessons link to them.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde_json::{Value, json};
use url::Url;

use crate::input::{Describe, Faults};

/// Characters that no address holds as they are (RFC 3987, 2.2), besides white space and control characters.
const EXCLUDED: [char; 5] = ['"', '<', '>', '\\', '`'];

/// An `http` or `https` address of up to `MAX` characters, as its column holds, kept as given. Its host may be an
/// internationalised one (`https://müller.example/`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl<const MAX: usize = 500>(String);

impl<const MAX: usize> From<WebUrl<MAX>> for String {
    fn from(url: WebUrl<MAX>) -> Self {
        url.0
    }
}

impl<const MAX: usize> WebUrl<MAX> {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parses an address that browsers open as a web page and that needs no repair for that. Its host is the ASCII form.
pub(super) fn parse(text: &str) -> Option<Url> {
    let is_excluded = |c: char| c.is_whitespace() || c.is_control() || EXCLUDED.contains(&c);
    let (scheme, rest) = text.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let url = Url::parse(text).ok()?;
    (is_web && !rest.starts_with('/') && !text.contains(is_excluded) && url.has_host()).then_some(url)
}

impl<const MAX: usize> Deserr<Faults> for WebUrl<MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, Faults> {
        let text = <String as Deserr<Faults>>::deserialize_from_value(value, location)?;
        if text.chars().count() <= MAX && parse(&text).is_some() {
            return Ok(Self(text));
        }
        let detail = format!("Write a whole http or https address of up to {MAX} characters.");
        Err(Faults::one(location, "invalid_url", detail))
    }
}

impl<const MAX: usize> Describe for WebUrl<MAX> {
    fn schema() -> Value {
        json!({ "type": "string", "format": "iri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://", "maxLength": MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn addresses_of_the_web_in_any_script_pass() {
        for (text, host) in [
            ("https://example.org", "example.org"),
            ("http://example.org:8080/a?b=c#d", "example.org"),
            ("HTTPS://Example.org/", "example.org"),
            ("https://müller.test/straße?q=größe", "xn--mller-kva.test"),
            ("https://xn--mller-kva.test/", "xn--mller-kva.test"),
            ("https://例え.テスト/ページ", "xn--r8jz45g.xn--zckzah"),
            ("https://пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
            ("https://[::1]/", "[::1]"),
        ] {
            assert_eq!(parse(text).and_then(|url| url.host_str().map(str::to_owned)).as_deref(), Some(host), "{text}");
        }
    }

    #[test]
    fn nothing_else_passes() {
        for text in [
            "",
            "example.org",
            "//example.org",
            "https:example.org",
            "https:/example.org",
            "https:///example.org",
            "https://",
            "https://?a",
            "ftp://example.org",
            "javascript://example.org/%0aalert(1)",
            " https://example.org",
            "https://exa mple.org",
            "https://example.org/a\nb",
            "https://example.org\\@evil.test",
            "https://example.org/\"onclick=\"x",
            "https://example.org:99999/",
            "https://xn--a/",
            "https://mül ler.test",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
