//! Writes well-formed HTML of known elements within bounds, whatever it is asked for.

use super::Excess;
use super::attributes::Attribute;
use super::elements::{Element, Kind};
use crate::answer_size;

/// Elements may nest this deep. Browsers stop at 512.
const DEEPEST: usize = 100;
/// A text of 200,000 characters that has more is one element for every four characters.
const MOST_ELEMENTS: usize = 50_000;
/// The bytes that the HTML may take of an answer. A lesson's answer holds it beside two texts of 200,000 characters.
const LARGEST: usize = 1_500_000;

/// An open element of Markdown, to be closed by [`Writer::close`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    depth: usize,
    /// The number of the element, counted from the beginning.
    number: usize,
}

/// HTML under construction. Elements that are open are closed by others as browsers do it (an `<li>` ends the one
/// before), and at the end, so that what comes out reads the same everywhere.
pub(super) struct Writer {
    html: String,
    open: Vec<(Element, usize)>,
    /// How many elements of each name are open, by [`Element::index`].
    counts: [usize; Element::COUNT],
    elements: usize,
}

impl Writer {
    pub fn new(expected: usize) -> Self {
        Self { html: String::with_capacity(expected), open: Vec::new(), counts: [0; Element::COUNT], elements: 0 }
    }

    /// Closes what is open and returns the HTML.
    ///
    /// # Errors
    /// [`Excess::Size`]
    pub fn finish(mut self) -> Result<String, Excess> {
        self.close_to(0);
        let fits = answer_size::of(&self.html).is_ok_and(|size| size <= LARGEST);
        if fits { Ok(self.html) } else { Err(Excess::Size) }
    }

    pub fn text(&mut self, text: &str) -> Result<(), Excess> {
        escape(text, &['&', '<', '>'], &mut self.html);
        if self.html.len() > LARGEST { Err(Excess::Size) } else { Ok(()) }
    }

    /// Begins a new line, unless one has just begun.
    pub fn line(&mut self) {
        if !self.html.is_empty() && !self.html.ends_with('\n') {
            self.html.push('\n');
        }
    }

    /// Opens an element; a void one is written whole.
    pub fn open(&mut self, element: Element, attributes: &[Attribute]) -> Result<Opened, Excess> {
        for (closed, barriers) in element.kind().closes() {
            self.close_nearest(|open| open.kind() == *closed, barriers);
        }
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(Excess::Elements);
        }
        if self.open.len() == DEEPEST {
            return Err(Excess::Depth);
        }
        self.html.push('<');
        self.html.push_str(element.name());
        for Attribute { name, value } in attributes {
            self.html.push(' ');
            self.html.push_str(name);
            self.html.push_str("=\"");
            escape(value, &['&', '<', '>', '"'], &mut self.html);
            self.html.push('"');
        }
        self.html.push('>');
        if self.html.len() > LARGEST {
            return Err(Excess::Size);
        }
        let opened = Opened { depth: self.open.len(), number: self.elements };
        if element.kind() != Kind::Void {
            self.open.push((element, self.elements));
            if let Some(count) = self.counts.get_mut(element.index()) {
                *count += 1;
            }
        }
        Ok(opened)
    }

    /// Closes the element with all that is open within it, unless something closed it before.
    pub fn close(&mut self, opened: Opened) {
        if self.open.get(opened.depth).is_some_and(|(_, number)| *number == opened.number) {
            self.close_to(opened.depth);
        }
    }

    /// Closes the nearest open element of the name, with all that is open within it.
    pub fn close_named(&mut self, element: Element) {
        if self.counts.get(element.index()).is_some_and(|open| *open > 0) {
            self.close_nearest(|open| *open == element, element.kind().end_stops_at());
        }
    }

    /// Whether an element of that kind is open.
    pub fn is_within(&self, kind: Kind) -> bool {
        self.open.iter().any(|(open, _)| open.kind() == kind)
    }

    fn close_nearest(&mut self, wanted: impl Fn(&Element) -> bool, barriers: &[Kind]) {
        for (depth, (open, _)) in self.open.iter().enumerate().rev() {
            if wanted(open) {
                return self.close_to(depth);
            }
            if barriers.contains(&open.kind()) {
                return;
            }
        }
    }

    fn close_to(&mut self, depth: usize) {
        for (element, _) in self.open.drain(depth..).rev() {
            if let Some(count) = self.counts.get_mut(element.index()) {
                *count -= 1;
            }
            self.html.push_str("</");
            self.html.push_str(element.name());
            self.html.push('>');
        }
    }
}

/// The text as it is, for readers and not for browsers.
pub(super) fn plain(text: &str) -> String {
    let mut html = String::from("<pre>");
    escape(text, &['&', '<', '>'], &mut html);
    html.push_str("</pre>\n");
    html
}

fn escape(text: &str, special: &[char], html: &mut String) {
    let mut rest = text;
    while let Some((plain, found)) = rest.find(special).and_then(|at| rest.split_at_checked(at)) {
        html.push_str(plain);
        let mut characters = found.chars();
        html.push_str(match characters.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            _ => "&quot;",
        });
        rest = characters.as_str();
    }
    html.push_str(rest);
}
