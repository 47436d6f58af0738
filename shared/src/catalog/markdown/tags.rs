//! The HTML that stands in Markdown: known elements pass with their safe attributes, all other tags are left out.

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use super::Excess;
use super::attributes::{self, Attribute};
use super::elements::{Element, Kind};
use super::writer::Writer;

/// Elements whose content is left out as well.
const WITHOUT_CONTENT: [&str; 2] = ["script", "style"];

/// Reads tags into a [`Writer`].
#[derive(Default)]
pub(super) struct Tags {
    /// The start tag that is being read.
    tag: Option<(Element, Vec<Attribute>)>,
    /// The attribute that is being read.
    attribute: Option<&'static str>,
    /// The element whose content is being left out.
    skipped: Option<&'static str>,
}

impl Tags {
    /// Reads a piece of HTML: a block, or a single tag within a line.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn read(&mut self, html: &str, writer: &mut Writer) -> Result<(), Excess> {
        let mut emitter =
            CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| self.event(&event, writer).err());
        emitter.naively_switch_states(true); // the content of a script is no HTML
        match Tokenizer::new_with_emitter(html, emitter).next() {
            Some(Ok(excess)) => Err(excess),
            None => Ok(()),
        }
    }

    /// Whether what follows belongs to a script or a style.
    pub fn skips(&self) -> bool {
        self.skipped.is_some()
    }

    /// Ends a script or a style that was not closed.
    pub fn end_block(&mut self) {
        self.skipped = None;
    }

    fn event(&mut self, event: &CallbackEvent<'_>, writer: &mut Writer) -> Result<(), Excess> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.skipped =
                    self.skipped.or_else(|| WITHOUT_CONTENT.into_iter().find(|known| known.as_bytes() == *name));
                self.tag = Element::named(name).map(|element| (element, Vec::new()));
                self.attribute = None;
            }
            CallbackEvent::AttributeName { name } => {
                self.add_attribute(""); // the one before had no value
                self.attribute = self.tag.as_ref().and_then(|(element, _)| attributes::find(*element, name));
            }
            CallbackEvent::AttributeValue { value } => self.add_attribute(&String::from_utf8_lossy(value)),
            CallbackEvent::CloseStartTag { self_closing } => {
                self.add_attribute("");
                if let (Some((element, attributes)), None) = (self.tag.take(), self.skipped) {
                    Self::start(element, attributes, *self_closing, writer)?;
                }
            }
            CallbackEvent::EndTag { name } => {
                self.tag = None;
                if let Some(skipped) = self.skipped {
                    self.skipped = Some(skipped).filter(|skipped| skipped.as_bytes() != *name);
                } else if let Some(element) = Element::named(name) {
                    writer.close_named(element);
                }
            }
            CallbackEvent::String { value } if self.skipped.is_none() => {
                writer.text(&String::from_utf8_lossy(value))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds the attribute that is being read, if its value is safe. Of several with one name the first counts.
    fn add_attribute(&mut self, value: &str) {
        if let (Some(name), Some((_, attributes))) = (self.attribute.take(), &mut self.tag)
            && let Some(attribute) = attributes::safe(name, value)
            && attributes.iter().all(|known| known.name != attribute.name)
        {
            attributes.push(attribute);
        }
    }

    fn start(
        element: Element,
        mut attributes: Vec<Attribute>,
        self_closing: bool,
        writer: &mut Writer,
    ) -> Result<(), Excess> {
        if element.kind().is_part_of_table() && !writer.is_within(Kind::Table) {
            return Ok(());
        }
        if attributes.iter().any(|attribute| attribute.name == "href") {
            attributes.push(Attribute::rel());
        }
        let opened = writer.open(element, &attributes)?;
        if self_closing {
            writer.close(opened); // the author of `<span/>` means an empty element
        }
        Ok(())
    }
}
