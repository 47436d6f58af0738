//! How deep Markdown nests its lists and quotes, before it is parsed.
//!
//! The parser's time grows with the number of lines times the depth, so a text of a thousand markers in one line and
//! many lines after it would keep it busy for seconds.

/// More than any text that people write, and few enough for the parser.
const MOST_CONTAINERS: usize = 500;

/// Returns whether a line can be nested in more than 500 lists and quotes, which would make the parser slow.
pub(super) fn is_excessive(markdown: &str) -> bool {
    markdown.split(['\n', '\r']).any(|line| containers(line.as_bytes()) > MOST_CONTAINERS)
}

/// Returns a bound of how many lists and quotes the content of the line stands in: one for each marker, and one for
/// every two columns of space around markers.
fn containers(mut line: &[u8]) -> usize {
    let (mut markers, mut columns) = (0, 0);
    loop {
        line = match line {
            [b' ', rest @ ..] => {
                columns += 1;
                rest
            }
            [b'\t', rest @ ..] => {
                columns += 4;
                rest
            }
            _ => match after_marker(line) {
                Some(rest) => {
                    markers += 1;
                    rest
                }
                None if markers == 0 => return 0,
                None => return markers + columns / 2,
            },
        }
    }
}

/// The rest of the line behind a marker of a quote or a list item.
fn after_marker(line: &[u8]) -> Option<&[u8]> {
    let rest = match line {
        [b'>', rest @ ..] => return Some(rest),
        [b'-' | b'+' | b'*', rest @ ..] => rest,
        _ => {
            let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
            match line.split_at_checked(digits)? {
                (digits, [b'.' | b')', rest @ ..]) if !digits.is_empty() => rest,
                _ => return None,
            }
        }
    };
    matches!(rest, [] | [b' ' | b'\t', ..]).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_and_the_space_around_them_are_counted() {
        for (line, expected) in [
            ("text", 0),
            ("        text", 0),
            ("- text", 1),
            ("> > text", 3),
            (">>text", 2),
            ("1. 2) + * - text", 7),
            ("    - text", 3),
            ("-text", 0),
            ("1.5 text", 0),
            ("* * *", 4),
            ("\t> text", 3),
        ] {
            assert_eq!(containers(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_thousand_markers_in_a_line_are_excessive_and_a_thousand_lines_are_not() {
        for marker in ["- ", "> ", ">", "1. ", "+ > "] {
            assert!(is_excessive(&format!("# Title\r{}text", marker.repeat(1000))), "{marker}");
            assert!(!is_excessive(&format!("{marker}text\n").repeat(1000)), "{marker}");
        }
    }
}
