//! Atomic writes: an object appears complete and verified, or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3, S3Error, S3Request, S3Result};
use s3s_fs::FileSystem;

use super::tags::Tags;

/// The folder for unfinished objects. It is not a valid bucket name, so no request can reach it.
const STAGING: &str = ".staging";

/// The files in which s3s-fs stores an object: its bytes, its `ETag` and checksums, and its headers.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub file: PathBuf,
    pub internal: PathBuf,
    pub metadata: PathBuf,
}

impl Place {
    /// Returns the files of a key, which must have been checked.
    pub fn of(root: &Path, bucket: &str, key: &str) -> Self {
        let stem = stem(bucket, key);
        Self {
            file: root.join(bucket).join(key),
            internal: root.join(format!("{stem}.internal.json")),
            metadata: root.join(format!("{stem}.metadata.json")),
        }
    }

    fn parts(&self) -> [&Path; 3] {
        [&self.file, &self.internal, &self.metadata]
    }

    pub fn remove(&self) {
        for part in self.parts() {
            let _ = fs::remove_file(part); // it may not exist
        }
    }
}

/// Returns the prefix of the names of an object's metadata files in s3s-fs.
pub(super) fn stem(bucket: &str, key: &str) -> String {
    format!(".bucket-{}.object-{}", URL_SAFE_NO_PAD.encode(bucket), URL_SAFE_NO_PAD.encode(key))
}

/// An object that is not visible yet. Removed on drop.
#[derive(Debug)]
pub(super) struct Staged {
    pub place: Place,
    name: String,
}

impl Staged {
    pub fn new(root: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        Self { place: Place::of(root, STAGING, &name), name }
    }

    /// Removes what an interrupted process left, and creates the folder.
    pub fn begin(root: &Path) -> io::Result<()> {
        let folder = root.join(STAGING);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder)
    }

    /// Stores the request's bytes and verifies each digest that the client sent.
    pub async fn receive(
        root: &Path,
        files: &FileSystem,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<(Self, PutObjectOutput)> {
        let staged = Self::new(root);
        STAGING.clone_into(&mut request.input.bucket);
        request.input.key.clone_from(&staged.name);
        let tags = request.input.tagging.take().map(|header| Tags::of_header(&header)).transpose()?;
        let output = files.put_object(request).await?.output;
        if let Some(tags) = tags {
            tags.write(&staged.place).map_err(S3Error::internal_error)?;
        }
        Ok((staged, output))
    }

    /// Stores the `ETag` of bytes that were not stored by [`Self::receive`].
    pub fn write_e_tag(&self, e_tag: &ETag) -> io::Result<()> {
        fs::write(&self.place.internal, serde_json::json!({ "e_tag": e_tag.value() }).to_string())
    }

    /// Moves the object to its key. The caller must keep readers out meanwhile.
    pub fn publish(self, to: &Place) -> io::Result<()> {
        if let Some(folder) = to.file.parent() {
            fs::create_dir_all(folder)?;
        }
        for (from, to) in self.place.parts().into_iter().zip(to.parts()) {
            match fs::rename(from, to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && from != self.place.file => {
                    let _ = fs::remove_file(to); // of the object that was there before
                }
                renamed => renamed?,
            }
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.place.remove();
    }
}
