//! Documents of offices: archives that hold what their type says, and no macros.

use super::archive::{self, Entry};
use super::{Facts, Format, Ranged, Rejection, Source, Verdict};

pub fn check<S: Source>(file: &mut Ranged<S>, head: &[u8], format: Format) -> Verdict<Facts> {
    match format {
        Format::Docx => open_xml(file, head, "Word document (.docx)", "word/"),
        Format::Xlsx => open_xml(file, head, "Excel workbook (.xlsx)", "xl/"),
        Format::Pptx => open_xml(file, head, "PowerPoint presentation (.pptx)", "ppt/"),
        Format::Odt => open_document(file, head, "OpenDocument text (.odt)", "text"),
        Format::Ods => open_document(file, head, "OpenDocument spreadsheet (.ods)", "spreadsheet"),
        _ => open_document(file, head, "OpenDocument presentation (.odp)", "presentation"),
    }
}

fn open_xml<S: Source>(file: &mut Ranged<S>, head: &[u8], expected: &str, folder: &str) -> Verdict<Facts> {
    let entries = archive::entries(file, head, expected)?;
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    let has_contents = entries.iter().any(|entry| entry.name.starts_with(folder));
    if !has("[Content_Types].xml") || !has("_rels/.rels") || !has_contents {
        return Err(other(expected));
    }
    no_macros(&entries, &["vbaproject.bin", "vbadata.xml"])
}

fn open_document<S: Source>(file: &mut Ranged<S>, head: &[u8], expected: &str, what: &str) -> Verdict<Facts> {
    let entries = archive::entries(file, head, expected)?;
    let mimetype = format!("application/vnd.oasis.opendocument.{what}");
    let first =
        entries.first().is_some_and(|entry| entry.name == "mimetype" && entry.first_bytes == mimetype.as_bytes());
    // it stands there plainly, for whoever looks at the first bytes
    let plain = head.get(30..).is_some_and(|rest| rest.starts_with(format!("mimetype{mimetype}").as_bytes()));
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if !first || !plain || !has("content.xml") || !has("META-INF/manifest.xml") {
        return Err(other(expected));
    }
    no_macros(&entries, &["script-lc.xml"])
}

fn no_macros(entries: &[Entry], names: &[&str]) -> Verdict<Facts> {
    let is_macro = |entry: &Entry| {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        names.contains(&&*name.to_ascii_lowercase())
    };
    if entries.iter().any(is_macro) {
        return Err(Rejection::new("macros", "The document holds macros. Save it without them."));
    }
    Ok(Facts::default())
}

fn other(expected: &str) -> Rejection {
    Rejection::new("wrong_type", format!("The file is an archive, but no {expected}."))
}
