//! Reads the email addresses in a CSV file that people exported, typed or pasted.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::error::{Error, Fault, Result};
use crate::identity::Email;
use crate::input::{Csv, Faults, Row};

/// The most addresses that one call takes.
const MOST_LINES: usize = 5000;
/// How many characters are shown of a cell that is no address.
const SHOWN: usize = 255;
/// How many rows, and cells of each, are looked at to find the delimiter and the column.
const SAMPLE: usize = 100;

/// Words that name a column of addresses, in languages in which that is not `mail` or `email`.
const EMAIL_WORDS: [&str; 29] = [
    "mail",
    "courriel",
    "adresse électronique",
    "correo",
    "correio",
    "posta elettronica",
    "e-post",
    "sähköposti",
    "poczta",
    "poczty",
    "почта",
    "пошта",
    "поща",
    "имейл",
    "ηλεκτρονική διεύθυνση",
    "thư điện tử",
    "邮箱",
    "信箱",
    "邮件",
    "郵件",
    "电邮",
    "電郵",
    "メール",
    "이메일",
    "메일",
    "البريد",
    "ईमेल",
    "อีเมล",
    "דוא״ל",
];

/// One address of the list.
#[derive(Debug)]
pub(super) struct Line {
    /// The physical line that holds it, from 1 on.
    pub number: u64,
    /// The address as it was written; without one, the cell.
    pub shown: String,
    pub email: Option<Email>,
}

/// Reads the addresses.
///
/// They stand in the column that the first row names as email. If there is none, they stand in the column that holds the
/// most; a row that is nothing but addresses then counts with all of them.
///
/// # Errors
/// 422 for more than 5,000 addresses, quotation marks that don't match, or a cell that no spreadsheet could hold.
pub(super) fn read(csv: &Csv) -> Result<Vec<Line>> {
    // The right delimiter shows the most addresses; if several do, it parts the first row into the most cells.
    let table = csv.table(MOST_LINES + 1, |rows| {
        let found = rows_with_address(rows) + usize::from(named_column(rows).is_some());
        (found, rows.first().map(|first| first.cells.len()))
    });
    if let Some(fault) = table.fault {
        return Err(Error::invalid(fault));
    }
    let rows = table.rows.as_slice();
    let lines: Vec<_> = if let Some(column) = named_column(rows) {
        rows.iter().skip(1).map(|row| line(row, column)).take(MOST_LINES + 1).collect()
    } else {
        // Of equals the last one counts, so this goes from right to left.
        let column = (0..SAMPLE).rev().max_by_key(|column| addresses_in(rows, *column)).unwrap_or(0);
        rows.iter().flat_map(|row| lines_without_header(row, column)).take(MOST_LINES + 1).collect()
    };
    if lines.len() > MOST_LINES {
        let detail = format!("One import takes at most {MOST_LINES} addresses; send the others in another.");
        return Err(Error::invalid(Fault::at("", "too_many_lines", detail)));
    }
    Ok(lines)
}

fn line(row: &Row, column: usize) -> Line {
    let cell = row.cells.get(column).map(String::as_str).unwrap_or_default();
    let address = address(cell);
    // A control character takes seven bytes of an answer: without them, 5,000 lines fit.
    let shown = address.as_ref().map_or(cell, |(written, _)| written).chars().filter(|c| !c.is_control());
    Line { number: row.line, shown: shown.take(SHOWN).collect(), email: address.map(|(_, email)| email) }
}

fn lines_without_header(row: &Row, column: usize) -> Vec<Line> {
    let filled = row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).take(MOST_LINES + 1);
    if filled.clone().all(|(_, cell)| address(cell).is_some()) {
        filled.map(|(column, _)| line(row, column)).collect()
    } else {
        vec![line(row, column)]
    }
}

/// Returns the column that the first row names as email. Of several, it is the one with the most addresses, and then the
/// one with the shortest name: `Email` rather than `Email verified`.
fn named_column(rows: &[Row]) -> Option<usize> {
    let (first, others) = rows.split_first()?;
    if first.cells.iter().take(SAMPLE).any(|cell| address(cell).is_some()) {
        return None;
    }
    let named = first.cells.iter().enumerate().take(SAMPLE).filter(|(_, cell)| names_email(cell));
    let by_rank = named.min_by_key(|(column, cell)| (usize::MAX - addresses_in(others, *column), cell.chars().count()));
    by_rank.map(|(column, _)| column)
}

/// Whether a cell of the first row names a column of addresses: `E-Mail`, `Email Address`, `Adresse électronique (mail)`.
/// What looks like the name of a domain is a mistyped address.
fn names_email(cell: &str) -> bool {
    let has_domain = cell.split_whitespace().any(|word| word.trim_end_matches('.').contains('.') && word.is_ascii());
    let name = letters(cell);
    !cell.contains('@') && !has_domain && EMAIL_WORDS.iter().any(|word| name.contains(&letters(word)))
}

/// The letters of a text, in lower case and without accents.
fn letters(text: &str) -> String {
    let decomposed = text.nfkd().filter(|c| !is_combining_mark(*c)).nfc().flat_map(char::to_lowercase);
    decomposed.filter(|c| c.is_alphabetic()).collect()
}

fn addresses_in(rows: &[Row], column: usize) -> usize {
    let cells = rows.iter().take(SAMPLE).filter_map(|row| row.cells.get(column));
    cells.filter(|cell| address(cell).is_some()).count()
}

fn rows_with_address(rows: &[Row]) -> usize {
    let has_address = |row: &&Row| row.cells.iter().take(SAMPLE).any(|cell| address(cell).is_some());
    rows.iter().take(SAMPLE).filter(has_address).count()
}

/// Returns the address that a cell holds, as it was written and as it is looked up. The cell may add a name to it, as mail
/// programs do: `Ada Löwe <ada@school.test>`, `mailto:ada@school.test`.
fn address(cell: &str) -> Option<(&str, Email)> {
    if !cell.contains('@') {
        return None;
    }
    let quotes = ['"', '\''];
    let (name, written) = match cell.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, written)) => (name, written.trim()),
        None => ("", cell.trim_matches(quotes)),
    };
    let has_scheme = written.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let written = if has_scheme { written.get(7..).unwrap_or_default() } else { written };
    if written.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\",;:|".contains(c)) {
        return None;
    }
    // A second address before this one would be lost. Some programs write the address itself as the name.
    let is_other = |word: &str| word.contains('@') && !word.eq_ignore_ascii_case(written) && email(word).is_some();
    if name.contains('<') || name.split(|c: char| c.is_whitespace() || ",;\"'()".contains(c)).any(is_other) {
        return None;
    }
    email(written).map(|email| (written, email))
}

fn email(text: &str) -> Option<Email> {
    deserr::deserialize::<Email, _, Faults>(Value::from(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let csv: Csv = deserr::deserialize::<_, _, Faults>(Value::from(text)).unwrap();
        let shown =
            |line: Line| format!("{} {}{}", line.number, line.shown, if line.email.is_some() { "" } else { " ?" });
        read(&csv).unwrap().into_iter().map(shown).collect()
    }

    #[test]
    fn the_delimiter_is_the_one_that_shows_addresses() {
        for delimiter in [",", ";", "\t", "|"] {
            let text =
                format!("Löwe{delimiter}Ada{delimiter}ada@x.test\rHopper{delimiter}\"G;,\"{delimiter}grace@x.test");
            assert_eq!(lines(&text), ["1 ada@x.test", "2 grace@x.test"], "{delimiter:?}");
            let header = format!("Name{delimiter}E-Mail\nAda{delimiter}broken\n");
            assert_eq!(lines(&header), ["2 broken ?"], "{delimiter:?}");
        }
    }

    #[test]
    fn a_column_is_known_by_its_name_however_it_is_written() {
        for name in [
            "email",
            "E-Mail",
            "e mail",
            "EMAIL ADDRESS",
            "E-Mail-Adresse",
            "Mail",
            "E-Mail:",
            "Email*",
            "emailAddress",
            "Adresse e-mail",
            "Courriel",
            "Correo electrónico",
            "Endereço de correio",
            "E-post",
            "Sähköposti",
            "e-posta",
            "Электронная почта",
            "Имейл",
            "Ηλεκτρονική διεύθυνση",
            "ईमेल पता",
            "Poczta elektroniczna",
            "电子邮箱",
            "メールアドレス",
            "이메일",
            "อีเมล",
            "E-mail addr.",
            "School Email (required)",
        ] {
            assert_eq!(lines(&format!("Name,{name}\nAda,ada@x.test\n,\nBob,\n")), ["2 ada@x.test", "4  ?"], "{name}");
        }
    }

    #[test]
    fn of_several_named_columns_the_one_with_addresses_counts() {
        assert_eq!(lines("Email verified;Mailing list;Email\nyes;no;a@x.test\n"), ["2 a@x.test"]);
        assert_eq!(lines("Email verified,Email\n"), Vec::<String>::new());
        assert_eq!(lines("Email verified,Email\nyes,broken\n"), ["2 broken ?"]);
    }

    #[test]
    fn without_a_header_the_column_with_the_most_addresses_counts() {
        assert_eq!(lines("Löwe,ada@x.test\nHopper,grace\n"), ["1 ada@x.test", "2 grace ?"]);
        assert_eq!(lines("Kontakt\nada@x.test\n"), ["1 Kontakt ?", "2 ada@x.test"]);
        for mistyped in ["ada.gmail.com", "no address"] {
            assert_eq!(lines(&format!("{mistyped}\nada@x.test\n")), [format!("1 {mistyped} ?"), "2 ada@x.test".into()]);
        }
    }

    #[test]
    fn a_row_of_nothing_but_addresses_counts_with_all() {
        assert_eq!(lines("a@x.test; B <b@x.test>;\nc@x.test"), ["1 a@x.test", "1 b@x.test", "2 c@x.test"]);
    }

    #[test]
    fn a_name_beside_the_address_is_left_out() {
        for cell in [
            "Ada Löwe <ada@x.test>",
            "<ada@x.test>",
            "\"\"\"Löwe, Ada\"\" <ada@x.test>\"",
            "\"Löwe, Ada\" <ada@x.test>",
            "ada@x.test <ada@x.test>",
            "'ada@x.test'",
            "mailto:ada@x.test",
            "Ada @ School < ada@x.test >",
        ] {
            assert_eq!(lines(&format!("{cell};1\n")), ["1 ada@x.test"], "{cell}");
        }
        for cell in
            ["a@x.test <b@x.test>", "A <a@x.test> B <b@x.test>", "ada@x.test b@x.test", "Ada <ada@x.test", "@", "a@"]
        {
            assert_eq!(lines(cell), [format!("1 {cell} ?")]);
        }
    }
}
