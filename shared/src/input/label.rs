//! A name that people give to something, such as a tag or a role.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use unicode_normalization::UnicodeNormalization;

use super::{Describe, Faults, Invalid, Text, text};

/// A name of 1 to `MAX` characters, in normal form C, without surrounding white space, and with one space for each run of
/// white space within. Something of it can be seen.
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
        // Some characters stand for whole phrases (U+FDFA for 18 letters), which their folding spells out.
        text::check(&label.nfkc().collect::<String>(), 1, MAX)?;
        if !is_visible(&label) {
            return Err(Invalid::new("blank", "Nothing of it can be seen."));
        }
        Ok(Self(label))
    }
}

/// Whether something of the text can be seen. What SQL's `folded` removes can't, so that the folding of a label is never empty.
#[must_use]
pub fn is_visible(text: &str) -> bool {
    text.nfkd().any(stands_alone)
}

fn stands_alone(character: char) -> bool {
    !character.is_whitespace()
        && !character.is_control()
        && !matches!(character,
            // Accents
            '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}'
            | '\u{5c4}' | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
            | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
            | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
            // Soft hyphens, joiners, marks of direction, fillers, variation selectors, tags
            | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
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
        assert_eq!(parsed("1234567890   "), Ok("1234567890".to_owned()), "what is cut off does not count");
        assert_eq!(parsed(&"\u{958}".repeat(6)), Err("too_long"), "normal form C takes two characters for it");
        assert_eq!(parsed("\u{fdfa}"), Err("too_long"), "it folds to 18 letters");
        assert_eq!(parsed("a\0"), Err("invalid_text"));
    }
}
