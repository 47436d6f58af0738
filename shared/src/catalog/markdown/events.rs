//! Markdown as HTML elements.

use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd};

use super::Excess;
use super::attributes::{self, Attribute};
use super::elements::Element;
use super::tags::Tags;
use super::writer::{Opened, Writer};

/// Turns events of the Markdown parser into HTML.
pub(super) struct Renderer {
    writer: Writer,
    tags: Tags,
    /// What the events opened, of each one that has not ended: an element, or none of its own.
    opened: Vec<Option<Opened>>,
    /// The lines of an HTML block.
    block: Option<String>,
    /// The picture whose description is being read.
    image: Option<Image>,
    /// The columns of a table.
    alignments: Vec<Alignment>,
    /// The next cell of its row.
    column: usize,
    in_table_head: bool,
}

struct Image {
    attributes: Vec<Attribute>,
    is_shown: bool,
    description: String,
    /// How many pictures, links and the like stand open in the description.
    depth: usize,
}

impl Renderer {
    pub fn new(expected: usize) -> Self {
        Self {
            writer: Writer::new(expected),
            tags: Tags::default(),
            opened: Vec::new(),
            block: None,
            image: None,
            alignments: Vec::new(),
            column: 0,
            in_table_head: false,
        }
    }

    pub fn finish(self) -> Result<String, Excess> {
        self.writer.finish()
    }

    pub fn event(&mut self, event: Event) -> Result<(), Excess> {
        if self.image.is_some() {
            return self.describe(&event);
        }
        match event {
            Event::Start(tag) => self.start(tag)?,
            Event::End(end) => self.end(end)?,
            Event::Html(html) => match &mut self.block {
                Some(block) => block.push_str(&html),
                None => self.tags.read(&html, &mut self.writer)?,
            },
            Event::InlineHtml(html) => self.tags.read(&html, &mut self.writer)?,
            _ if self.tags.skips() => {}
            Event::Text(text) => self.writer.text(&text)?,
            Event::Code(text) => {
                let code = self.writer.open(Element::Code, &[])?;
                self.writer.text(&text)?;
                self.writer.close(code);
            }
            Event::SoftBreak => self.writer.text("\n")?,
            Event::HardBreak => {
                self.writer.open(Element::Br, &[])?;
                self.writer.text("\n")?;
            }
            Event::Rule => {
                self.writer.line();
                self.writer.open(Element::Hr, &[])?;
                self.writer.text("\n")?;
            }
            // Those of extensions that are not enabled.
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag) -> Result<(), Excess> {
        let opened = match tag {
            Tag::Paragraph => Some(self.block(Element::P, &[])?),
            Tag::Heading { level, .. } => Some(self.block(heading(level), &[])?),
            Tag::BlockQuote(_) => Some(self.container(Element::Blockquote, &[])?),
            Tag::CodeBlock(kind) => {
                let class = match &kind {
                    CodeBlockKind::Fenced(info) => Attribute::language(info),
                    CodeBlockKind::Indented => None,
                };
                let block = self.block(Element::Pre, &[])?;
                self.writer.open(Element::Code, class.as_slice())?;
                Some(block)
            }
            Tag::List(None) => Some(self.container(Element::Ul, &[])?),
            Tag::List(Some(1)) => Some(self.container(Element::Ol, &[])?),
            Tag::List(Some(first)) => Some(self.container(Element::Ol, &[Attribute::new("start", first.to_string())])?),
            Tag::Item => Some(self.block(Element::Li, &[])?),
            Tag::Table(alignments) => {
                self.alignments = alignments;
                Some(self.block(Element::Table, &[])?)
            }
            Tag::TableHead => {
                (self.in_table_head, self.column) = (true, 0);
                let head = self.writer.open(Element::Thead, &[])?;
                self.writer.open(Element::Tr, &[])?;
                Some(head)
            }
            Tag::TableRow => {
                self.column = 0;
                Some(self.writer.open(Element::Tr, &[])?)
            }
            Tag::TableCell => Some(self.cell()?),
            Tag::Emphasis => Some(self.writer.open(Element::Em, &[])?),
            Tag::Strong => Some(self.writer.open(Element::Strong, &[])?),
            Tag::Link { link_type, dest_url, title, .. } => self.link(link_type, &dest_url, title)?,
            Tag::Image { dest_url, title, .. } => {
                self.image = Some(Image::new(&dest_url, title));
                return Ok(());
            }
            Tag::HtmlBlock => {
                self.block = Some(String::new());
                None
            }
            // Those of extensions that are not enabled.
            Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => None,
        };
        self.opened.push(opened);
        Ok(())
    }

    fn end(&mut self, end: TagEnd) -> Result<(), Excess> {
        if let Some(block) = self.block.take() {
            self.tags.read(&block, &mut self.writer)?;
        }
        let is_block = !matches!(end, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link);
        if is_block {
            self.tags.end_block();
        }
        if let Some(opened) = self.opened.pop().flatten() {
            self.writer.close(opened);
            if is_block && !matches!(end, TagEnd::TableCell | TagEnd::TableHead) {
                self.writer.text("\n")?;
            }
        }
        if end == TagEnd::TableHead {
            self.in_table_head = false;
            self.writer.open(Element::Tbody, &[])?;
            self.writer.text("\n")?;
        }
        Ok(())
    }

    /// Opens an element on a line of its own.
    fn block(&mut self, element: Element, attributes: &[Attribute]) -> Result<Opened, Excess> {
        self.writer.line();
        self.writer.open(element, attributes)
    }

    /// Opens an element whose content begins on the next line.
    fn container(&mut self, element: Element, attributes: &[Attribute]) -> Result<Opened, Excess> {
        let opened = self.block(element, attributes)?;
        self.writer.text("\n")?;
        Ok(opened)
    }

    fn cell(&mut self) -> Result<Opened, Excess> {
        let side = match self.alignments.get(self.column) {
            Some(Alignment::Left) => Some("left"),
            Some(Alignment::Center) => Some("center"),
            Some(Alignment::Right) => Some("right"),
            Some(Alignment::None) | None => None,
        };
        self.column += 1;
        let align = side.map(|side| Attribute::new("align", side.to_owned()));
        self.writer.open(if self.in_table_head { Element::Th } else { Element::Td }, align.as_slice())
    }

    /// Opens a link; an address that a click could run is none, and its text stands alone.
    fn link(&mut self, kind: LinkType, address: &str, title: CowStr) -> Result<Option<Opened>, Excess> {
        let address = if kind == LinkType::Email { format!("mailto:{address}") } else { address.to_owned() };
        let Some(href) = attributes::safe("href", &address) else { return Ok(None) };
        let mut attributes = vec![href];
        attributes.extend(titled(title));
        attributes.push(Attribute::rel());
        Ok(Some(self.writer.open(Element::A, &attributes)?))
    }

    /// Reads the description of a picture, which is plain text.
    fn describe(&mut self, event: &Event) -> Result<(), Excess> {
        let Some(mut image) = self.image.take() else { return Ok(()) };
        match event {
            Event::Start(_) => image.depth += 1,
            Event::End(_) if image.depth == 0 => return self.show(image),
            Event::End(_) => image.depth -= 1,
            Event::Text(text) | Event::Code(text) => image.description.push_str(text),
            Event::SoftBreak | Event::HardBreak => image.description.push(' '),
            _ => {}
        }
        self.image = Some(image);
        Ok(())
    }

    fn show(&mut self, image: Image) -> Result<(), Excess> {
        let Image { mut attributes, is_shown, description, .. } = image;
        if self.tags.skips() {
            return Ok(());
        }
        if !is_shown {
            return self.writer.text(&description);
        }
        attributes.insert(1, Attribute::new("alt", description));
        self.writer.open(Element::Img, &attributes)?;
        Ok(())
    }
}

impl Image {
    fn new(address: &str, title: CowStr) -> Self {
        let source = attributes::safe("src", address);
        let is_shown = source.is_some();
        let attributes = source.into_iter().chain(titled(title)).collect();
        Self { attributes, is_shown, description: String::new(), depth: 0 }
    }
}

fn titled(title: CowStr) -> Option<Attribute> {
    (!title.is_empty()).then(|| Attribute::new("title", title.into_string()))
}

fn heading(level: HeadingLevel) -> Element {
    match level {
        HeadingLevel::H1 => Element::H1,
        HeadingLevel::H2 => Element::H2,
        HeadingLevel::H3 => Element::H3,
        HeadingLevel::H4 => Element::H4,
        HeadingLevel::H5 => Element::H5,
        HeadingLevel::H6 => Element::H6,
    }
}
