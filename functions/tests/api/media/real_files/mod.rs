//! Files as phones, cameras, scanners, offices and converters write them: what readers take is accepted, under the one
//! rule of `docs/semantics.md`, Files.

mod archives;
mod documents;
mod images;
mod movies;
mod pdfs;
mod recordings;
mod texts;

use lyceum::media::checks::Facts;

use super::checks::check;

/// The facts of a file that is accepted.
fn accepted(extension: &str, name: &str, bytes: Vec<u8>) -> Facts {
    check(extension, bytes).unwrap_or_else(|refused| panic!("{name} as {extension}: {refused:?}"))
}

/// The code of a file that is refused.
fn refused(extension: &str, name: &str, bytes: Vec<u8>) -> &'static str {
    match check(extension, bytes) {
        Ok(facts) => panic!("{name} as {extension}: accepted, {facts:?}"),
        Err(refused) => refused.code,
    }
}
