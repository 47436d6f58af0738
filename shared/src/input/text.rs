//! Texts within the bounds of their columns.

use chrono::{DateTime, Datelike, Utc};
use deserr::Deserr;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde_json::{Value, json};

use super::{Describe, Faults, Invalid, from_text};
use crate::fields;

/// A text of `MIN` to `MAX` characters, stored unchanged. If `MIN` is not 0, it must have a visible character.
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

/// Checks the bounds of a text: no NUL (Postgres can't store it), `min` to `max` characters, and a visible character if
/// `min` is not 0.
pub(crate) fn check(text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new("invalid_text", "The text contains a NUL character, which can't be stored."));
    }
    let length = text.chars().count();
    if min > 0 && !text.chars().any(is_visible) {
        return Err(Invalid::new("blank", "The text is empty."));
    }
    if length < min {
        return Err(Invalid::new(
            "too_short",
            format!("The text has {length} characters. At least {min} are required."),
        ));
    }
    if length > max {
        return Err(Invalid::new("too_long", format!("The text has {length} characters. At most {max} are allowed.")));
    }
    Ok(())
}

/// Whether the character is visible by itself: a letter, number, punctuation mark or symbol, except those that Unicode
/// defines as invisible (such as U+3164), the empty braille cell, and the null note head.
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
        // No character may be NUL. With a minimum, one character must not be white space.
        let pattern = if MIN > 0 { r"^[^\u0000]*[^\s\u0000][^\u0000]*$" } else { r"^[^\u0000]*$" };
        json!({ "type": "string", "minLength": MIN, "maxLength": MAX, "pattern": pattern })
    }
}

fields! {
    /// An empty body or query.
    pub struct NoFields {}
}

/// A boolean in a query string: `true` or `false`.
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
    _ => Err(Invalid::new("wrong_type", "This must be true or false.")),
});

/// A time with an offset (RFC 3339), in the years 1970 to 9999.
#[derive(Debug, Clone, Copy)]
pub struct Time(pub(crate) DateTime<Utc>);

from_text!(Time, { "type": "string", "format": "date-time" }, |text| {
    // a `+` that was not percent-encoded has become a space
    let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|time| time.to_utc());
    time.filter(|time| (1970..=9999).contains(&time.year())).map(Time).ok_or_else(|| {
        Invalid::new("invalid_time", "Write a time such as 2026-11-23T19:56:00Z.")
    })
});
