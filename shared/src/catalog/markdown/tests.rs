use super::{Excess, to_html};

fn html(markdown: &str) -> String {
    to_html(markdown).unwrap_or_else(|excess| panic!("{excess:?}: {}", markdown.chars().take(100).collect::<String>()))
}

#[test]
fn markdown_becomes_html() {
    for (markdown, expected) in [
        (
            "# Hi\n\n*there* **you**  \n`a < b`",
            "<h1>Hi</h1>\n<p><em>there</em> <strong>you</strong><br>\n<code>a &lt; b</code></p>\n",
        ),
        ("a \"b\" & c > d", "<p>a \"b\" &amp; c &gt; d</p>\n"),
        ("- a\n- b\n  - c", "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>\n"),
        ("3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("> a\n\n---", "<blockquote>\n<p>a</p>\n</blockquote>\n<hr>\n"),
        ("    a\n    b\n", "<pre><code>a\nb\n</code></pre>\n"),
        (
            "[a](https://b.test/?c=1&d=2 \"e\")",
            "<p><a href=\"https://b.test/?c=1&amp;d=2\" title=\"e\" rel=\"noopener noreferrer\">a</a></p>\n",
        ),
        ("<a@b.test>", "<p><a href=\"mailto:a@b.test\" rel=\"noopener noreferrer\">a@b.test</a></p>\n"),
        ("![a *b*](c.png \"d\")", "<p><img src=\"c.png\" alt=\"a b\" title=\"d\"></p>\n"),
        ("![](c.png)", "<p><img src=\"c.png\" alt=\"\"></p>\n"),
        ("a <b>c</b>", "<p>a <b>c</b></p>\n"),
        ("<div>\n\n*a*\n\n</div>\n", "<div>\n<p><em>a</em></p>\n</div>\n"),
        ("<!-- a -->\n\nb", "\n<p>b</p>\n"),
    ] {
        assert_eq!(html(markdown), expected, "{markdown}");
    }
}

#[test]
fn a_code_fence_keeps_its_language() {
    for (info, class) in [
        ("rust", " class=\"language-rust\""),
        ("rust,ignore", " class=\"language-rust\""),
        ("js {1,3}", " class=\"language-js\""),
        ("js{1,3}", " class=\"language-js\""),
        ("c++", " class=\"language-c++\""),
        ("C#", " class=\"language-C#\""),
        ("\" onclick=\"x", " class=\"language-&quot;\""),
        ("", ""),
    ] {
        assert_eq!(html(&format!("~~~ {info}\nx\n~~~")), format!("<pre><code{class}>x\n</code></pre>\n"), "{info}");
    }
    assert_eq!(
        html("<code class=\"language-rust big\" id=a>x</code>"),
        "<p><code class=\"language-rust\">x</code></p>\n"
    );
    assert_eq!(html("<code class=\"big\">x</code>"), "<p><code>x</code></p>\n");
}

#[test]
fn columns_of_tables_keep_their_alignment() {
    assert_eq!(
        html("| a | b | c | d |\n| :- | :-: | -: | - |\n| e | f | g | h |"),
        "<table><thead><tr><th align=\"left\">a</th><th align=\"center\">b</th><th align=\"right\">c</th><th>d</th></tr>\
         </thead><tbody>\n<tr><td align=\"left\">e</td><td align=\"center\">f</td><td align=\"right\">g</td><td>h</td></tr>\n\
         </tbody></table>\n"
    );
    assert_eq!(
        html("<table><tr><td style=\"text-align: right;\">a<td style=\"color:red\">b</table>"),
        "<table><tr><td align=\"right\">a</td><td>b</td></tr></table>"
    );
}

#[test]
fn a_byte_order_mark_hides_nothing() {
    for (markdown, expected) in
        [("# a", "<h1>a</h1>\n"), ("- a", "<ul>\n<li>a</li>\n</ul>\n"), ("    a\n", "<pre><code>a\n</code></pre>\n")]
    {
        assert_eq!(html(&format!("\u{feff}{markdown}")), expected);
    }
}

#[test]
fn the_direction_of_text_stays() {
    assert_eq!(html("<p dir=\"RTL\" lang=ar>مرحبا</p>"), "<p dir=\"rtl\" lang=\"ar\">مرحبا</p>");
    assert_eq!(
        html("a <bdo dir=ltr>b</bdo> <span dir=up>c</span>"),
        "<p>a <bdo dir=\"ltr\">b</bdo> <span>c</span></p>\n"
    );
}

#[test]
fn html_is_repaired_as_browsers_read_it() {
    for (markdown, expected) in [
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        ("<table><tr><td>a<tr><td>b</table>", "<table><tr><td>a</td></tr><tr><td>b</td></tr></table>"),
        ("<div><b>a</div>b", "<div><b>a</b></div>b"),
        ("a <b>b\n\nc", "<p>a <b>b</b></p>\n<p>c</p>\n"),
        ("a </b></div> b", "<p>a  b</p>\n"),
        ("<td>a</td>", "a"),
        (
            "a <a href=b>c <a href=d>e</a>",
            "<p>a <a href=\"b\" rel=\"noopener noreferrer\">c </a><a href=\"d\" rel=\"noopener noreferrer\">e</a></p>\n",
        ),
        ("a <span/>b", "<p>a <span></span>b</p>\n"),
        (
            "<details open><summary>a</summary>\n\nb\n\n</details>",
            "<details open=\"\"><summary>a</summary>\n<p>b</p>\n</details>\n",
        ),
        ("a <unknown>b</unknown>", "<p>a b</p>\n"),
        ("a <title> b", "<p>a  b</p>\n"),
    ] {
        assert_eq!(html(markdown).trim_end(), expected.trim_end(), "{markdown}");
    }
}

#[test]
fn nothing_in_it_can_run() {
    for hostile in HOSTILE {
        let html = html(hostile).to_lowercase();
        assert_is_harmless(&html, hostile);
        for running in ["<script", "=\"javascript:", "=\"data:", "=\"vbscript:", "<svg", "<iframe", "<style", "<form"] {
            assert!(!html.contains(running), "{hostile} became {html}");
        }
    }
}

const HOSTILE: [&str; 27] = [
    "<script>alert(1)</script>",
    "<script>alert(1)",
    "a <script>alert(1)</script> b",
    "[x](javascript:alert(1))",
    "[x](java&#x0A;script:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1) \"y\")",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "[x]\n\n[x]: vbscript:alert(1)",
    "<img src=x onerror=alert(1)>",
    "<img src=\"javascript:alert(1)\">",
    "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
    "<a href=\" java\nscript:alert(1)\">x</a>",
    "<blockquote cite=\"javascript:alert(1)\">x</blockquote>",
    "<q cite=\"data:text/html,x\">x</q> <del cite=\"javascript:x\">y</del> <ins cite='vbscript:x'>z</ins>",
    "<svg onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src=\"https://example.org\"></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\">",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<b title=\"'\" onclick='alert(1)'>x</b>",
    "<p style=\"background:url(javascript:alert(1))\">x",
    "<form action=javascript:alert(1)><button>x",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
    "```\" onmouseover=alert(1)\nx\n```",
];

/// Reads the HTML as a browser does, and finds nothing in it that could run.
#[track_caller]
fn assert_is_harmless(html: &str, from: &str) {
    let mut strict = ammonia::Builder::default();
    strict.link_rel(None).add_generic_attributes(["dir", "align", "class", "open", "type", "reversed", "value"]);
    let mut lax = ammonia::Builder::default();
    lax.link_rel(None)
        .add_generic_attributes(["dir", "align", "class", "open", "type", "reversed", "value"])
        .rm_clean_content_tags(["script", "style"])
        .add_tags([
            "script", "style", "svg", "math", "iframe", "object", "embed", "form", "input", "button", "base", "link",
        ])
        .add_tags(["textarea", "select", "template", "noscript", "title", "xmp", "video", "audio", "meta", "plaintext"])
        .add_generic_attributes([
            "onclick",
            "onerror",
            "onload",
            "onmouseover",
            "style",
            "id",
            "name",
            "srcdoc",
            "action",
        ])
        .add_url_schemes(["javascript", "data", "vbscript"]);
    assert_eq!(lax.clean(html).to_string(), strict.clean(html).to_string(), "{from}");
}

#[test]
fn what_comes_out_is_read_by_browsers_as_it_was_meant_whatever_goes_in() {
    const PIECES: [&str; 44] = [
        "<b>",
        "</b>",
        "<i title='",
        "'",
        "\"",
        ">",
        "<",
        "/",
        "<p>",
        "</p>",
        "<div dir=rtl>",
        "</div>",
        "<table>",
        "<td>",
        "<tr>",
        "</table>",
        "<svg>",
        "<math>",
        "<style>",
        "</style>",
        "<script>",
        "</script>",
        "<a href=javascript:a>",
        "<a href='b' onclick=c>",
        "</a>",
        "<img src=x onerror=y>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<title>",
        "</title>",
        "&lt;",
        "&#x3c;",
        "\n\n",
        "\n",
        "- ",
        "> ",
        "`",
        "*",
        "[x](",
        ")",
        "| a |\n| - |\n",
        "<textarea>",
    ];
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..1500 {
        let markdown: String = (0..24)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                PIECES[usize::try_from(random % 44).unwrap()]
            })
            .collect();
        assert_is_harmless(&html(&markdown), &markdown);
    }
}

/// Protects against H5.
#[test]
fn what_nests_without_end_is_refused() {
    for markdown in [
        "- ".repeat(13_000) + "a",
        "> ".repeat(100_000) + "a",
        ">".repeat(200_000),
        "1. ".repeat(200) + "a",
        "> ".repeat(101) + "a",
        "- > ".repeat(34) + "a",
        "<div>".repeat(40_000),
        "<div>\n\n".repeat(101),
        "<b title=k>".repeat(18_000),
        "a <i title=k>".repeat(101),
        "<table><tr><td>".repeat(34),
        "*a **b ".repeat(60) + &"c** d* ".repeat(60),
        "- ".repeat(50_000) + "a\n" + &"a\n".repeat(49_000),
    ] {
        let beginning: String = markdown.chars().take(20).collect();
        assert_eq!(to_html(&markdown), Err(Excess::Depth), "{beginning}");
    }
}

/// Protects against H5.
#[test]
fn what_would_grow_without_bound_is_refused() {
    let table = |columns: usize| "|a".repeat(columns) + "\n" + &"|-".repeat(columns) + "\n" + &"a\n".repeat(50_000);
    for (markdown, excess) in [
        (table(10), Excess::Elements),
        (table(1000), Excess::Elements),
        ("#\n".repeat(100_000), Excess::Elements),
        ("<br>".repeat(50_001), Excess::Elements),
        (format!("[a]: b '{}'\n\n{}", "\"".repeat(100_000), "[a] ".repeat(25_000)), Excess::Size),
        (format!("<p title='{}'>", "\"".repeat(199_000)).repeat(2), Excess::Size),
    ] {
        let beginning: String = markdown.chars().take(20).collect();
        assert_eq!(to_html(&markdown), Err(excess), "{beginning}");
    }
}

#[test]
fn what_is_long_and_ordinary_is_taken() {
    let lesson = "## Title\n\nA paragraph with **bold**, `code` and a [link](https://example.org/a).\n\n- one\n- two\n\n\
                  | a | b |\n| - | - |\n| 1 | 2 |\n\n";
    for (markdown, part) in [
        (lesson.repeat(200_000 / lesson.len()), "<td>2</td>"),
        ("课".repeat(200_000), "课"),
        ("😀".repeat(200_000), "😀"),
        ("a\n\n".repeat(49_000), "<p>a</p>"),
        ("> ".repeat(40) + "a", "a"),
        ("- ".repeat(40) + "a", "a"),
        ("```\n".to_owned() + &">".repeat(400) + "\n```", "&gt;&gt;"),
        ("x</b>".repeat(40_000), "xx"),
        ("<!--".repeat(50_000), ""),
    ] {
        assert!(html(&markdown).contains(part), "{part}");
    }
}

#[test]
fn a_line_that_may_nest_deeply_does() {
    // The count of markers is a bound of the depth, so what it lets pass is quick to parse.
    assert_eq!(to_html(&("> ".repeat(499) + "a")), Err(Excess::Depth));
}
