//! Names that people give to things, such as tags or roles.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use unicode_normalization::UnicodeNormalization;

use super::{Describe, Faults, Invalid, Text, text};

/// A name of 1 to `MAX` characters in normal form C. White space around it is removed, and each run of white space in it is
/// replaced by one space. At least one character is visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label<const MAX: usize>(String);

impl<const MAX: usize> Label<MAX> {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(written: &str) -> Result<Self, Invalid> {
        text::check(written, 1, usize::MAX)?;
        let composed: String = written.nfc().collect();
        let label = composed.split_whitespace().collect::<Vec<_>>().join(" ");
        text::check(&label, 1, MAX)?;
        // A few characters expand to long phrases when they are folded (U+FDFA to 18 letters).
        text::check(&label.nfkc().collect::<String>(), 1, MAX)?;
        if !is_visible(&label) {
            return Err(Invalid::new("blank", "The name has no visible characters."));
        }
        Ok(Self(label))
    }
}

/// Whether the text has visible characters that remain after folding (SQL function `folded`). Single accents (`´`) and the
/// Arabic tatweel are not enough.
#[must_use]
pub fn is_visible(label: &str) -> bool {
    label.nfkd().any(|c| text::is_visible(c) && c != '\u{640}')
}

impl<const MAX: usize> From<Label<MAX>> for String {
    fn from(label: Label<MAX>) -> Self {
        label.0
    }
}

impl<const MAX: usize> Deserr<Faults> for Label<MAX> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef) -> Result<Self, Faults> {
        let written = <String as Deserr<Faults>>::deserialize_from_value(value, location)?;
        Self::parse(&written).map_err(|invalid| Faults::one(location, invalid.code, invalid.detail))
    }
}

impl<const MAX: usize> Describe for Label<MAX> {
    fn schema() -> serde_json::Value {
        Text::<1, MAX>::schema()
    }
}

#[cfg(test)]
mod tests {
    use super::Label;

    #[test]
    fn a_label_is_composed_trimmed_and_visible() {
        let parsed = |written: &str| Label::<10>::parse(written).map(String::from).map_err(|invalid| invalid.code);
        assert_eq!(parsed("  e\u{301}le\u{300}ve \t\u{a0}x "), Ok("élève x".to_owned()));
        for blank in ["", " \u{3000}", "\u{200b}\u{feff}", "\u{301}", "\u{3164}", "\u{2800}\u{ad}"] {
            assert_eq!(parsed(blank), Err("blank"), "{blank:?}");
        }
        assert_eq!(parsed("1234567890   "), Ok("1234567890".to_owned()), "removed white space does not count");
        assert_eq!(parsed(&"\u{958}".repeat(6)), Err("too_long"), "in normal form C, it has two characters");
        assert_eq!(parsed("\u{fdfa}"), Err("too_long"), "it folds to 18 letters");
        assert_eq!(parsed("a\0"), Err("invalid_text"));
    }
}
