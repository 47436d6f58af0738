//! The elements that may be shown, and how they nest.

use std::sync::LazyLock;

/// What an element is, as far as nesting goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has no content and no end tag.
    Void,
    Inline,
    Link,
    Block,
    Paragraph,
    Heading,
    List,
    ListItem,
    DefinitionList,
    Definition,
    Table,
    Caption,
    RowGroup,
    Row,
    Cell,
}

macro_rules! elements {
    ($($kind:ident { $($element:ident = $name:literal),* })*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Element {
            $($($element),*),*
        }

        impl Element {
            const ALL: [Self; [$($($name),*),*].len()] = [$($(Self::$element),*),*];

            pub fn name(self) -> &'static str {
                match self { $($(Self::$element => $name),*),* }
            }

            pub fn kind(self) -> Kind {
                match self { $($(Self::$element => Kind::$kind),*),* }
            }
        }
    };
}

elements! {
    Void { Br = "br", Col = "col", Hr = "hr", Img = "img", Wbr = "wbr" }
    Inline {
        Abbr = "abbr", B = "b", Bdi = "bdi", Bdo = "bdo", Cite = "cite", Code = "code", Del = "del", Dfn = "dfn",
        Em = "em", I = "i", Ins = "ins", Kbd = "kbd", Mark = "mark", Q = "q", Rp = "rp", Rt = "rt", Ruby = "ruby",
        S = "s", Samp = "samp", Small = "small", Span = "span", Strike = "strike", Strong = "strong", Sub = "sub",
        Sup = "sup", Time = "time", Tt = "tt", U = "u", Var = "var"
    }
    Link { A = "a" }
    Block {
        Article = "article", Aside = "aside", Blockquote = "blockquote", Center = "center", Details = "details",
        Div = "div", Figcaption = "figcaption", Figure = "figure", Footer = "footer", Header = "header",
        Hgroup = "hgroup", Nav = "nav", Pre = "pre", Section = "section", Summary = "summary"
    }
    Paragraph { P = "p" }
    Heading { H1 = "h1", H2 = "h2", H3 = "h3", H4 = "h4", H5 = "h5", H6 = "h6" }
    List { Ol = "ol", Ul = "ul" }
    ListItem { Li = "li" }
    DefinitionList { Dl = "dl" }
    Definition { Dd = "dd", Dt = "dt" }
    Table { Table = "table" }
    Caption { Caption = "caption" }
    RowGroup { Colgroup = "colgroup", Tbody = "tbody", Tfoot = "tfoot", Thead = "thead" }
    Row { Tr = "tr" }
    Cell { Td = "td", Th = "th" }
}

impl Element {
    pub const COUNT: usize = Self::ALL.len();

    /// Its place among all elements.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Finds an element by its name in lower case.
    pub fn named(name: &[u8]) -> Option<Self> {
        let at = BY_NAME.binary_search_by(|element| element.name().as_bytes().cmp(name)).ok()?;
        BY_NAME.get(at).copied()
    }
}

static BY_NAME: LazyLock<[Element; Element::COUNT]> = LazyLock::new(|| {
    let mut elements = Element::ALL;
    elements.sort_by_key(|element| element.name());
    elements
});

/// What ends a table cell's or a caption's content, as seen from within.
const SCOPE: &[Kind] = &[Kind::Cell, Kind::Caption];

impl Kind {
    pub fn is_part_of_table(self) -> bool {
        matches!(self, Self::Caption | Self::RowGroup | Self::Row | Self::Cell)
    }

    /// The kinds that its start tag closes, each unless one of the kinds behind it is open further in: as HTML says of
    /// tags that may be left out (HTML Standard, 13.1.2.4), and a link in a link ends the outer one.
    pub fn closes(self) -> &'static [(Self, &'static [Self])] {
        const PARAGRAPH: (Kind, &[Kind]) = (Kind::Paragraph, SCOPE);
        match self {
            Self::Void | Self::Inline => &[],
            Self::Link => &[(Self::Link, SCOPE)],
            Self::Block | Self::Paragraph | Self::List | Self::DefinitionList => &[PARAGRAPH],
            Self::Heading => &[PARAGRAPH, (Self::Heading, SCOPE)],
            Self::ListItem => &[PARAGRAPH, (Self::ListItem, &[Self::List, Self::Cell, Self::Caption])],
            Self::Definition => &[PARAGRAPH, (Self::Definition, &[Self::DefinitionList, Self::Cell, Self::Caption])],
            Self::Table => &[PARAGRAPH, (Self::Table, SCOPE)],
            Self::Caption | Self::RowGroup => &[(Self::Caption, &[Self::Table]), (Self::RowGroup, &[Self::Table])],
            Self::Row => &[(Self::Caption, &[Self::Table]), (Self::Row, &[Self::Table])],
            Self::Cell => &[(Self::Caption, &[Self::Table]), (Self::Cell, &[Self::Table])],
        }
    }

    /// The kinds that its end tag does not reach beyond.
    pub fn end_stops_at(self) -> &'static [Self] {
        if self == Self::Table || self.is_part_of_table() { &[Self::Table] } else { SCOPE }
    }
}
