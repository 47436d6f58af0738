//! Checks the list of an archive's entries. Refuses encrypted entries, links, and names that lead out of the folder in
//! which the archive is unpacked.

use std::collections::HashSet;

use zip::{CompressionMethod, ZipArchive};

use super::super::{Ranged, Rejection, Source, Verdict};
use super::{Holder, shown};

pub(super) struct Listed {
    /// In the order of the list, with slashes as separators.
    pub names: Vec<String>,
    /// The sum of the uncompressed sizes, in bytes.
    pub unpacked: u64,
}

pub(super) fn check<S: Source>(archive: &mut ZipArchive<&mut Ranged<S>>, holder: Holder) -> Verdict<Listed> {
    let damaged = |_| Rejection::damaged("the archive's list can't be read");
    let mut listed = Listed { names: Vec::new(), unpacked: 0 };
    let mut seen = HashSet::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(damaged)?;
        let mut name = entry.name().map_err(damaged)?.into_owned();
        if holder == Holder::Document {
            name = name.replace('\\', "/");
        }
        if entry.encrypted() {
            return Err(Rejection::new(
                "encrypted",
                "The archive is encrypted and can't be checked. Upload it without encryption.",
            ));
        }
        if entry.is_symlink() || entry.enclosed_name().is_none() || !is_plain(&name) {
            let reason = format!(
                "“{}” in the archive is not a safe file name. Rename the file, and pack the archive again.",
                shown(&name)
            );
            return Err(Rejection::new("unsafe_name", reason));
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(Rejection::new(
                "unusual_compression",
                "The archive uses a compression that few programs support. Pack it as a plain ZIP.",
            ));
        }
        if !seen.insert(name.to_lowercase()) {
            let reason = format!("“{}” is in the archive twice, if upper and lower case are ignored.", shown(&name));
            return Err(Rejection::new("unsafe_name", reason));
        }
        listed.unpacked = listed.unpacked.saturating_add(entry.size());
        listed.names.push(name);
    }
    Ok(listed)
}

/// Whether the name is a relative path with slashes, without characters that are special on any system.
fn is_plain(name: &str) -> bool {
    let folders = name.strip_suffix('/').unwrap_or(name);
    let bad = |part: &str| part.is_empty() || part == "." || part == ".." || part.len() > 255;
    name.len() <= 1024
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
        && !folders.split('/').any(bad)
}
