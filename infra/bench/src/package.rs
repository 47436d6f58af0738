//! The binaries: which there are, where they lie, and what would be uploaded of each.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// One function's size on disk and on its way to Lambda, in bytes.
pub struct Package {
    /// The binary as it was built; the release profile strips it.
    pub binary: u64,
    /// The deployment package: the binary as `bootstrap`, deflated. Lambda fetches it at a cold start.
    pub zip: u64,
}

impl Package {
    pub fn of(binary: &Path) -> anyhow::Result<Self> {
        let content = fs::read(binary).with_context(|| format!("{} can't be read", binary.display()))?;
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o755);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("bootstrap", options)?;
        zip.write_all(&content)?;
        let zip = zip.finish()?.into_inner();
        Ok(Self { binary: content.len() as u64, zip: zip.len() as u64 })
    }
}

/// The binary of a function: `NAME/bootstrap` (of `cargo lambda build`) where there is one, else the
/// plain one, looked for in `folder`, else in `target/lambda` and then `target/release`.
pub fn find_binary(name: &str, target: &Path, folder: Option<&Path>) -> anyhow::Result<PathBuf> {
    let places = match folder {
        Some(folder) => [folder.join(name).join("bootstrap"), folder.join(name)],
        None => [target.join("lambda").join(name).join("bootstrap"), target.join("release").join(name)],
    };
    places
        .into_iter()
        .find(|place| place.is_file())
        .with_context(|| format!("not built; `cargo build --release -p lyceum-functions --bin {name}` does it"))
}

/// Each binary of the functions' crate by its name.
pub fn all_functions(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join("functions/src/bin");
    let files = fs::read_dir(&folder).with_context(|| format!("no functions in {}", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort_unstable();
    Ok(names)
}
