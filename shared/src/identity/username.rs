//! Usernames: which are accepted, and when two of them are the same.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::{MixedScript, RestrictionLevel, RestrictionLevelDetection, skeleton};

use crate::input::{Invalid, from_text};

/// More marks on one letter than any script needs: they would cover the lines above and below (UTS 39, 5.4).
const MOST_MARKS: usize = 4;

/// A username: 3 to 50 letters, marks and digits of one script, with `.`, `_` and `-` between them, in the
/// normalisation form NFKC. It can't hold an `@`, so it is never taken for an email.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Username(String);

impl Username {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let name: String = text.nfkc().collect();
        if !(3..=50).contains(&name.chars().count())
            || !name.starts_with(char::is_alphanumeric)
            || !name.chars().all(is_allowed)
            || has_too_many_marks(&name)
        {
            let detail = "A username has 3 to 50 letters and digits, with . _ - between them, and starts with a letter or digit.";
            return Err(Invalid::new("invalid_username", detail));
        }
        if !is_of_one_script(&name) {
            let detail = "A username has the letters of one script only, so that it can't be taken for another one.";
            return Err(Invalid::new("mixed_scripts", detail));
        }
        Ok(Self(name))
    }

    /// The value that is unique and that look-ups compare.
    #[must_use]
    pub fn normalized(&self) -> String {
        normalized(&self.0)
    }
}

from_text!(
    Username,
    { "type": "string", "minLength": 3, "maxLength": 50, "pattern": r"^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$" },
    Username::parse
);

fn is_allowed(c: char) -> bool {
    let visible = !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    visible && (c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '.' | '_' | '-'))
}

fn has_too_many_marks(name: &str) -> bool {
    let mut marks = 0;
    name.nfd().any(|c| {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        marks > MOST_MARKS
    })
}

/// One script, or one of the usual mixtures: Japanese, Korean and Chinese with Latin (UTS 39, 5.2).
fn is_of_one_script(name: &str) -> bool {
    name.is_single_script() || name.detect_restriction_level() <= RestrictionLevel::HighlyRestrictive
}

/// The value by which usernames are the same: compatibility forms, case and look-alike letters are folded. An ASCII
/// name becomes its lower case, which the database knows, too (`users_normalized_username`). Of any other name, each
/// letter that is not ASCII becomes its prototype (UTS 39, 4), so that Cyrillic `асе` is the same as Latin `ace`. Letters
/// are compared in lower case; ASCII letters and digits are different from each other, as in `user1` and `userl`.
///
/// Sign-in looks up this value and the limits count by it: spellings that reach one account share one count.
#[must_use]
pub(super) fn normalized(name: &str) -> String {
    let folded = folded(name);
    if folded.is_ascii() {
        return folded;
    }
    let looks = folded.nfd().fold(String::new(), |mut looks, c| {
        if c.is_ascii() {
            looks.push(c);
        } else {
            looks.extend(skeleton(c.encode_utf8(&mut [0; 4])));
        }
        looks
    });
    self::folded(&looks)
}

/// Folds the case (Unicode's full folding), and the dot of a Turkish `İ` with it.
fn folded(name: &str) -> String {
    let composed: String = name.nfkc().collect();
    UniCase::unicode(composed).to_folded_case().nfkc().collect::<String>().replace("i\u{307}", "i")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_make_a_username() {
        for name in [
            "ada",
            "Ada.L-1815_",
            "jos\u{e9}",
            "विद्यार्थी",
            "ผู้เรียน",
            "ученик",
            "μαθητής",
            "학생들",
            "学習者",
            "田中tanaka",
            "תלמידה",
            "طالبة",
            "தமிழ்",
            "శిష్యుడు",
            "nguy\u{1ec5}n",
            "123",
        ] {
            assert_eq!(Username::parse(name).expect(name).as_str(), name.nfkc().collect::<String>());
        }
    }

    #[test]
    fn invisible_and_mixed_letters_make_none() {
        for name in [
            "",
            "ab",
            "a b",
            "a@b",
            " ada",
            "ada ",
            "_ada",
            ".ada",
            "ada\u{200b}",
            "a\u{200d}da",
            "\u{3164}\u{3164}\u{3164}",
            "\u{115f}\u{1160}\u{115f}",
            "ada\u{ad}",
            "ada\u{fe0f}",
            "\u{202e}ada",
            "a\u{34f}da",
            "аda",
            "pаypal",
            "αda",
            "ada\u{301}\u{302}\u{303}\u{304}\u{305}x",
            "\u{301}ada",
            "ada\n",
            "ada\0",
            "ada/x",
            "\u{1f600}ada",
        ] {
            assert!(Username::parse(name).is_err(), "{name:?}");
        }
        assert!(Username::parse(&"a".repeat(51)).is_err());
    }

    #[test]
    fn usernames_that_look_alike_are_the_same() {
        for (one, other) in [
            ("Ada", "aDA"),
            ("İbrahim", "ibrahim"),
            ("ΝΙΚΟΣ", "νικος"),
            ("νικοσ", "νικος"),
            ("STRASSE", "straße"),
            ("ａｄａ", "ada"),
            ("\u{fb01}nn", "finn"),
            ("асе", "ace"),
            ("Jos\u{e9}", "jose\u{301}"),
            ("\u{212a}elvin", "kelvin"),
            ("ſara", "sara"),
            ("ɑdmin", "admin"),
            ("ɡate10", "gate10"),
            ("асе1", "ace1"),
        ] {
            assert_eq!(normalized(one), normalized(other), "{one} {other}");
        }
        assert_ne!(normalized("jose"), normalized("jos\u{e9}"));
        assert_ne!(normalized("modern"), normalized("modem"));
        assert_ne!(normalized("user1"), normalized("userl"));
    }
}
