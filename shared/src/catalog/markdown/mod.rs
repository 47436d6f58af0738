//! Markdown (CommonMark with tables) as HTML in which nothing can run.
//!
//! Parser and tokenizer each read the text once, and one [`writer`] bounds what comes out, so that time and memory grow
//! with the length of the text (`docs/semantics.md`, Markdown).

mod attributes;
mod elements;
mod events;
mod nesting;
mod tags;
mod writer;

use pulldown_cmark::{Options, Parser};

use crate::error::{Error, Fault, Result};

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excess {
    Depth,
    Elements,
    Size,
}

/// The version of the rendering. Raise it with each change of the HTML that comes out, so that stored HTML is rendered again.
pub(super) const RENDERER: i16 = 1;

/// Renders Markdown that is to be stored, on a thread for blocking work. Call it without a database connection.
///
/// # Errors
/// 422 at `pointer` when it nests too deeply or becomes too much HTML.
pub(super) async fn render(markdown: &str, pointer: &str) -> Result<String> {
    apart(markdown, to_html).await?.map_err(|excess| Error::invalid(excess.fault(pointer)))
}

/// Renders Markdown that was stored before, on a thread for blocking work. Markdown that [`render`] would refuse becomes
/// plain text.
///
/// # Errors
/// 500 when the thread that renders fails.
pub(super) async fn render_stored(markdown: &str) -> Result<String> {
    apart(markdown, |markdown| to_html(markdown).unwrap_or_else(|_| writer::plain(markdown))).await
}

async fn apart<T: Send + 'static>(markdown: &str, work: fn(&str) -> T) -> Result<T> {
    let markdown = markdown.to_owned();
    tokio::task::spawn_blocking(move || work(&markdown)).await.map_err(Error::internal)
}

fn to_html(markdown: &str) -> Result<String, Excess> {
    let markdown = markdown.strip_prefix('\u{feff}').unwrap_or(markdown); // a byte order mark would hide a heading
    if nesting::is_excessive(markdown) {
        return Err(Excess::Depth);
    }
    let mut renderer = events::Renderer::new(markdown.len() * 2);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        renderer.event(event)?;
    }
    renderer.finish()
}

impl Excess {
    fn fault(self, pointer: &str) -> Fault {
        match self {
            Self::Depth => Fault::at(
                pointer,
                "nested_too_deeply",
                "Lists, quotes and HTML elements can be nested up to 100 levels deep.",
            ),
            Self::Elements => Fault::at(
                pointer,
                "too_many_elements",
                "The text has more than 50,000 headings, list items, cells and other elements; split it.",
            ),
            Self::Size => Fault::at(pointer, "too_large", "The text becomes more than 1.5 MB of HTML; split it."),
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test fails by panicking")]
mod tests;
