//! Reads stored mails.

use chrono::{DateTime, SecondsFormat};
use mail_parser::{Message, MessageParser, PartType};
use serde::Serialize;
use uuid::Uuid;

/// The header that a stored mail gets for the recipients of its envelope, including blind copies.
const ENVELOPE: &str = "X-Envelope-To";

/// One captured mail.
#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    /// The id. Ids sort in the order of arrival.
    pub id: String,
    /// All recipients, separated by commas.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// The text part, or the text of the HTML if there is no text part.
    pub text: String,
    /// The HTML part, or an empty text.
    pub html: String,
    /// The time of arrival (RFC 3339, UTC).
    pub sent_at: String,
}

impl Mail {
    /// Parses a stored mail. Fields that can't be parsed stay empty, because a mail may contain any bytes.
    pub(super) fn read(id: Uuid, stored: &[u8]) -> Self {
        let message = MessageParser::default().parse(stored).unwrap_or_default();
        Self {
            id: id.to_string(),
            to: envelope(&message).unwrap_or_default().to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: message.body_text(0).unwrap_or_default().into_owned(),
            html: html(&message).unwrap_or_default().to_owned(),
            sent_at: moment(id).unwrap_or_default(),
        }
    }
}

/// Returns the bytes to store: the mail, with the envelope's recipients as its first header.
pub(super) fn with_envelope(recipients: &[String], raw: &[u8]) -> Vec<u8> {
    let header = format!("{ENVELOPE}: {}\r\n", recipients.join(", "));
    [header.as_bytes(), raw].concat()
}

/// Returns the envelope's recipients. Only the first header counts, because a mail may contain a header of this name.
fn envelope<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    let (name, value) = message.headers_raw().next()?;
    (name == ENVELOPE).then(|| value.trim())
}

/// Returns the HTML part. Not by `body_html`, which converts plain text to HTML.
fn html<'a>(message: &'a Message<'_>) -> Option<&'a str> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(&**html),
        _ => None,
    })
}

fn moment(id: Uuid) -> Option<String> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    let moment = DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)?;
    Some(moment.to_rfc3339_opts(SecondsFormat::Millis, true))
}
