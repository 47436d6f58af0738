//! Files as phones, cameras, scanners, office programs and converters write them. Files that programs can open must be
//! accepted (`docs/semantics.md`, Files).

mod archives;
mod documents;
mod images;
mod movies;
mod pdfs;
mod recordings;
mod texts;

use lyceum::media::checks::Facts;

use super::checks::check;

/// Asserts that a file is accepted, and returns its facts.
fn accepted(extension: &str, name: &str, bytes: Vec<u8>) -> Facts {
    check(extension, bytes).unwrap_or_else(|refused| panic!("{name} as {extension}: {refused:?}"))
}

/// Asserts that a file is refused, and returns the code.
fn refused(extension: &str, name: &str, bytes: Vec<u8>) -> &'static str {
    match check(extension, bytes) {
        Ok(facts) => panic!("{name} as {extension}: accepted, {facts:?}"),
        Err(refused) => refused.code,
    }
}
