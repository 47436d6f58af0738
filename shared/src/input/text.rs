//! Texts, with the bounds of the columns that hold them.

use chrono::{DateTime, Datelike, Utc};
use deserr::Deserr;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde_json::{Value, json};

use super::{Describe, Faults, Invalid, from_text};
use crate::fields;

/// A text of `MIN` to `MAX` characters, kept as given. With a `MIN`, a text that shows nothing is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        check(text, MIN, MAX)?;
        Ok(Self(text.to_owned()))
    }
}

/// The bounds that every text keeps: Postgres holds no NUL, and a column so many characters.
pub(crate) fn check(text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new("invalid_text", "It holds a NUL character, which can't be stored."));
    }
    let length = text.chars().count();
    if min > 0 && !text.chars().any(is_visible) {
        return Err(Invalid::new("blank", "It is empty."));
    }
    if length < min {
        return Err(Invalid::new("too_short", format!("It has {length} characters; at least {min} are needed.")));
    }
    if length > max {
        return Err(Invalid::new("too_long", format!("It has {length} characters; at most {max} fit.")));
    }
    Ok(())
}

/// Whether the character shows something by itself: a letter, number, punctuation or symbol that is not one of those that
/// Unicode says to show as nothing (such as U+3164), an empty braille cell or a null note head.
pub(super) fn is_visible(c: char) -> bool {
    let shown = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    shown.contains(CodePointMapData::<GeneralCategory>::new().get(c))
        && !matches!(c, '\u{2800}' | '\u{1d159}')
        && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

impl<const MIN: usize, const MAX: usize> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> Self {
        text.0
    }
}

impl<const MIN: usize, const MAX: usize> Deserr<Faults> for Text<MIN, MAX> {
    fn deserialize_from_value<V: deserr::IntoValue>(
        value: deserr::Value<V>,
        location: deserr::ValuePointerRef,
    ) -> Result<Self, Faults> {
        let text = <String as Deserr<Faults>>::deserialize_from_value(value, location)?;
        Self::parse(&text).map_err(|invalid| Faults::one(location, invalid.code, invalid.detail))
    }
}

impl<const MIN: usize, const MAX: usize> Describe for Text<MIN, MAX> {
    fn schema() -> Value {
        // With a minimum, one character must not be white space; and none may be NUL.
        let pattern = if MIN > 0 { r"^[^\u0000]*[^\s\u0000][^\u0000]*$" } else { r"^[^\u0000]*$" };
        json!({ "type": "string", "minLength": MIN, "maxLength": MAX, "pattern": pattern })
    }
}

fields! {
    /// No body, or no parameters.
    pub struct NoFields {}
}

/// `true` or `false` in a query string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag(bool);

impl Flag {
    #[must_use]
    pub fn is_set(self) -> bool {
        self.0
    }
}

from_text!(Flag, { "type": "boolean" }, |text| match text {
    "true" => Ok(Flag(true)),
    "false" => Ok(Flag(false)),
    _ => Err(Invalid::new("wrong_type", "It is true or false.")),
});

/// A time with its offset (RFC 3339), of the years that Postgres and people know.
#[derive(Debug, Clone, Copy)]
pub struct Time(pub(crate) DateTime<Utc>);

from_text!(Time, { "type": "string", "format": "date-time" }, |text| {
    // A `+` that was not percent-encoded is a space by now.
    let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|time| time.to_utc());
    time.filter(|time| (1970..=9999).contains(&time.year())).map(Time).ok_or_else(|| {
        Invalid::new("invalid_time", "Write it as 2026-11-23T19:56:00Z.")
    })
});
