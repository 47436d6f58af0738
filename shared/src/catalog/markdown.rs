//! Markdown (CommonMark with tables) as HTML in which nothing can run.

use pulldown_cmark::{Options, Parser, html};

/// Renders and sanitises.
#[must_use]
pub(crate) fn to_safe_html(markdown: &str) -> String {
    let mut rendered = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut rendered, Parser::new_ext(markdown, Options::ENABLE_TABLES));
    ammonia::clean(&rendered)
}

#[cfg(test)]
mod tests {
    use super::to_safe_html;

    #[test]
    fn markdown_becomes_html_with_tables() {
        assert_eq!(to_safe_html("# Hi\n\n*there*"), "<h1>Hi</h1>\n<p><em>there</em></p>\n");
        assert!(to_safe_html("| a |\n| --- |\n| b |").contains("<td>b</td>"));
    }

    #[test]
    fn nothing_in_it_can_run() {
        for hostile in [
            "<script>alert(1)</script>",
            "[x](javascript:alert(1))",
            "<img src=x onerror=alert(1)>",
            "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
            "<svg onload=alert(1)>",
            "<iframe src=\"https://example.org\"></iframe>",
        ] {
            let html = to_safe_html(hostile).to_lowercase();
            for running in ["<script", "javascript:", "onerror", "data:text", "<svg", "onload", "<iframe"] {
                assert!(!html.contains(running), "{hostile} became {html}");
            }
        }
    }
}
