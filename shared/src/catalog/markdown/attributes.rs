//! The attributes that may be shown, and the values that are safe in them.

use super::elements::Element;

#[derive(Debug)]
pub(super) struct Attribute {
    pub name: &'static str,
    pub value: String,
}

impl Attribute {
    pub fn new(name: &'static str, value: String) -> Self {
        Self { name, value }
    }

    /// The `rel` of each link: the page that it opens can't control this one and does not learn its address.
    pub fn rel() -> Self {
        Self::new("rel", "noopener noreferrer".to_owned())
    }

    /// The class by which syntax highlighters know a language, from what follows a code fence: its first word, without
    /// what some add to it (`rust,ignore`, `js{1,3}`). None without a word.
    pub fn language(info: &str) -> Option<Self> {
        let language = info.split([' ', '\t', '\n', ',', '{', ':']).next()?;
        let is_name = (1..=LONGEST_LANGUAGE).contains(&language.chars().count());
        is_name.then(|| Self::new("class", format!("language-{language}")))
    }
}

const LONGEST_LANGUAGE: usize = 40;

/// Schemes of addresses that lead somewhere and run nothing.
const SCHEMES: [&str; 14] =
    ["ftp", "ftps", "geo", "http", "https", "irc", "ircs", "magnet", "mailto", "sip", "sms", "tel", "webcal", "xmpp"];

/// The attribute of that name, if the element may have it.
pub(super) fn find(element: Element, name: &[u8]) -> Option<&'static str> {
    let own: &[&str] = match element {
        Element::A => &["href", "hreflang"],
        Element::Blockquote | Element::Q => &["cite"],
        Element::Code => &["class"],
        Element::Col | Element::Colgroup => &["span"],
        Element::Del | Element::Ins => &["cite", "datetime"],
        Element::Details => &["open"],
        Element::Img => &["alt", "height", "src", "width"],
        Element::Li => &["value"],
        Element::Ol => &["reversed", "start", "type"],
        Element::Td | Element::Th => &["align", "colspan", "rowspan", "scope", "style"],
        Element::Time => &["datetime"],
        _ => &[],
    };
    own.iter().chain(&["dir", "lang", "title"]).find(|known| known.as_bytes() == name).copied()
}

/// The attribute with what is safe of its value.
pub(super) fn safe(name: &'static str, value: &str) -> Option<Attribute> {
    let one_of =
        |values: &[&str]| values.iter().find(|one| value.trim().eq_ignore_ascii_case(one)).map(ToString::to_string);
    let value = match name {
        "href" | "cite" | "src" => address(value)?,
        "class" => return Attribute::language(value.trim().strip_prefix("language-")?),
        "style" => return alignment(value).map(|side| Attribute::new("align", side)),
        "align" => one_of(&["left", "center", "right"])?,
        "dir" => one_of(&["auto", "ltr", "rtl"])?,
        "colspan" | "height" | "rowspan" | "span" | "start" | "value" | "width" => number(value)?,
        _ => value.to_owned(),
    };
    Some(Attribute::new(name, value))
}

/// The address as browsers read it (URL Standard, 4.4: without spaces around it, tabs and line ends), unless its
/// scheme is an unknown one.
fn address(value: &str) -> Option<String> {
    let trimmed = value.trim_matches(|c| c <= ' ');
    let address: String = trimmed.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let before_colon = address.split_once(':').map(|(before, _)| before);
    match before_colon.filter(|before| !before.contains(['/', '?', '#'])) {
        Some(scheme) if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => None,
        _ => Some(address),
    }
}

fn number(value: &str) -> Option<String> {
    let digits = value.trim().strip_suffix('%').unwrap_or(value.trim());
    let is_number = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| value.trim().to_owned())
}

/// The side of `text-align: center`, as Markdown editors write the alignment of a table's column.
fn alignment(style: &str) -> Option<String> {
    let (property, side) = style.trim().trim_end_matches(';').split_once(':')?;
    let is_alignment = property.trim().eq_ignore_ascii_case("text-align");
    is_alignment.then(|| safe("align", side)).flatten().map(|align| align.value)
}
