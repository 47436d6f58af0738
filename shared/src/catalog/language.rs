//! The language of a course, as BCP 47 (RFC 5646) names it.

use isolang::Language as Known;

use crate::input::{Invalid, from_text};

/// As the column holds it.
const LONGEST: usize = 10;

/// Codes that RFC 5646 deprecates, and those of bibliographies (ISO 639-2/B), with what stands for them.
const REPLACED: [(&str, &str); 23] = [
    ("iw", "he"),
    ("in", "id"),
    ("ji", "yi"),
    ("alb", "sq"),
    ("arm", "hy"),
    ("baq", "eu"),
    ("bur", "my"),
    ("chi", "zh"),
    ("cze", "cs"),
    ("dut", "nl"),
    ("fre", "fr"),
    ("geo", "ka"),
    ("ger", "de"),
    ("gre", "el"),
    ("ice", "is"),
    ("mac", "mk"),
    ("mao", "mi"),
    ("may", "ms"),
    ("per", "fa"),
    ("rum", "ro"),
    ("slo", "sk"),
    ("tib", "bo"),
    ("wel", "cy"),
];

/// A language tag in its canonical form, such as `en`, `pt-BR` or `zh-Hant-TW`: a language of ISO 639 by its shortest code, and
/// perhaps a script, a region and variants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(String);

impl Language {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a tag in any case.
    fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let mut parts = lower.split('-').peekable();
        let mut tag = shortest(parts.next()?)?.to_owned();
        let mut add = |part: &str| {
            tag.push('-');
            tag.push_str(part);
        };
        if let Some(script) = parts.next_if(|part| part.len() == 4 && is_alphabetic(part)) {
            add(&format!("{}{}", script[..1].to_ascii_uppercase(), &script[1..]));
        }
        match parts.next_if(|part| (part.len() == 2 && is_alphabetic(part)) || (part.len() == 3 && is_numeric(part))) {
            Some("uk") => add("GB"), // reserved for the United Kingdom, and never its code
            Some(region) => add(&region.to_ascii_uppercase()),
            None => {}
        }
        for variant in parts {
            let is_variant = match variant.len() {
                4 => variant.starts_with(|first: char| first.is_ascii_digit()),
                5..=8 => true,
                _ => false,
            };
            if !is_variant || !variant.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return None;
            }
            add(variant);
        }
        (tag.len() <= LONGEST).then_some(Self(tag))
    }
}

/// The shortest code of a language, which RFC 5646 demands; `None` when there is no such language.
fn shortest(code: &str) -> Option<&str> {
    let code = REPLACED.iter().find(|(old, _)| *old == code).map_or(code, |(_, new)| new);
    match code.len() {
        2 => Known::from_639_1(code).map(|_| code),
        3 => Known::from_639_3(code).map(|known| known.to_639_1().unwrap_or(code)).filter(|code| *code != "und"),
        _ => None,
    }
}

fn is_alphabetic(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_numeric(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

from_text!(
    Language,
    { "type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "maxLength": 11, "examples": ["en"] },
    |text| {
        Language::parse(text).ok_or_else(|| {
            Invalid::new("invalid_language", "This is no language tag of BCP 47 that fits here. Write one such as en, de or pt-BR.")
        })
    }
);

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn tags_become_canonical() {
        for (typed, canonical) in [
            ("EN", "en"),
            ("pt-br", "pt-BR"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("sr-LATN", "sr-Latn"),
            ("eng", "en"),
            ("ger", "de"),
            ("deu-at", "de-AT"),
            ("iw", "he"),
            ("en-UK", "en-GB"),
            ("es-419", "es-419"),
            ("gsw-CH", "gsw-CH"),
            ("yue", "yue"),
            ("de-1996", "de-1996"),
            ("SL-Rozaj", "sl-rozaj"),
        ] {
            assert_eq!(Language::parse(typed).as_ref().map(Language::as_str), Some(canonical), "{typed}");
        }
        let wrong = [
            "",
            " ",
            "e",
            "english",
            "xx",
            "zz-ZZ",
            "qqq",
            "en-",
            "-en",
            "en--GB",
            "pt_BR",
            "en-GB-oxendict",
            "en-u-nu-latn",
            "und",
            "e1",
            "en-x",
            "en-abc",
            "日本",
            "en-é",
            "i-klingon",
            "en-GB-US",
        ];
        for wrong in wrong {
            assert_eq!(Language::parse(wrong), None, "{wrong}");
        }
    }
}
