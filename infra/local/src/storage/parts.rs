//! Multipart uploads, in files named as s3s-fs names them, with the `ETag` of each part in a file beside it. Listing
//! and assembling are our own: s3s-fs reads every part for each list, and accepts only numbers without gaps.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::crypto::{Checksum, Md5};
use s3s::dto::{CompletedPart, ETag, MultipartUpload, Part, Timestamp};
use s3s::{S3Error, S3Result, s3_error};
use uuid::Uuid;

use super::staged::{Staged, stem};

const SMALLEST_PART: u64 = 5 * 1024 * 1024;
const LAST_NUMBER: i32 = 10_000;

/// A multipart upload that is neither completed nor aborted.
#[derive(Clone)]
pub(super) struct Upload {
    root: PathBuf,
    id: Uuid,
    /// The file with the headers of the future object.
    metadata: PathBuf,
}

impl Upload {
    /// Finds an upload. s3s-fs doesn't check that it exists and that it belongs to this key.
    pub fn find(root: &Path, id: &str, bucket: &str, key: &str) -> S3Result<Self> {
        let id = Uuid::parse_str(id).map_err(|_| s3_error!(NoSuchUpload))?;
        let metadata = root.join(format!("{}.upload-{id}.metadata.json", stem(bucket, key)));
        let upload = Self { root: root.to_owned(), id, metadata };
        upload.check_under_way()?;
        Ok(upload)
    }

    /// Fails when the upload was completed or aborted.
    pub fn check_under_way(&self) -> S3Result<()> {
        if self.begun().exists() && self.metadata.exists() { Ok(()) } else { Err(s3_error!(NoSuchUpload)) }
    }

    /// Returns the uploads of a bucket, ordered by key and age.
    pub fn all(root: &Path, bucket: &str) -> io::Result<Vec<MultipartUpload>> {
        let beginning = stem(bucket, ""); // followed by the key
        let mut uploads = Vec::new();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let rest = name.strip_prefix(&beginning).and_then(|rest| rest.strip_suffix(".metadata.json"));
            let Some((key, id)) = rest.and_then(|rest| rest.split_once(".upload-")) else {
                continue;
            };
            let key = URL_SAFE_NO_PAD.decode(key).ok().and_then(|key| String::from_utf8(key).ok());
            let initiated = Some(Timestamp::from(entry.metadata()?.modified()?));
            uploads.push(MultipartUpload {
                key,
                upload_id: Some(id.to_owned()),
                initiated,
                ..MultipartUpload::default()
            });
        }
        uploads.sort_by(|a, b| {
            let by_age = a.initiated.partial_cmp(&b.initiated).unwrap_or(Ordering::Equal);
            a.key.cmp(&b.key).then(by_age).then_with(|| a.upload_id.cmp(&b.upload_id))
        });
        Ok(uploads)
    }

    fn begun(&self) -> PathBuf {
        self.root.join(format!(".upload-{}.json", self.id))
    }

    fn file(&self, number: i32) -> PathBuf {
        self.root.join(format!(".upload_id-{}.part-{number}", self.id))
    }

    /// The name lets s3s-fs remove the file with the parts, but not count it as a part.
    fn e_tag_file(&self, number: i32) -> PathBuf {
        self.root.join(format!(".upload_id-{}.etag-{number}", self.id))
    }

    /// Stores received bytes as the part with this number, and replaces an earlier one.
    pub fn take(&self, number: i32, part: &Staged, e_tag: &ETag) -> S3Result<()> {
        let put = || {
            fs::write(self.e_tag_file(number), e_tag.value())?;
            fs::rename(&part.place.file, self.file(number))
        };
        put().map_err(S3Error::internal_error)
    }

    /// Returns the stored parts, ordered by number.
    pub fn parts(&self) -> io::Result<Vec<Part>> {
        let beginning = format!(".upload_id-{}.part-", self.id);
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(&beginning)?.parse().ok());
            let Some(number) = number else { continue };
            let e_tag = ETag::Strong(fs::read_to_string(self.e_tag_file(number))?);
            let metadata = entry.metadata()?;
            parts.push(Part {
                part_number: Some(number),
                size: i64::try_from(metadata.len()).ok(),
                last_modified: Some(Timestamp::from(metadata.modified()?)),
                e_tag: Some(e_tag),
                ..Part::default()
            });
        }
        parts.sort_by_key(|part| part.part_number);
        Ok(parts)
    }

    /// Assembles the listed parts. Returns the object, and its `ETag`.
    pub fn assemble(&self, listed: &[CompletedPart]) -> S3Result<(Staged, ETag)> {
        let numbers = self.check(listed)?;
        let staged = Staged::new(&self.root);
        let put_together = || {
            let mut digest = Md5::new();
            let mut whole = File::create(&staged.place.file)?;
            for number in &numbers {
                io::copy(&mut File::open(self.file(*number))?, &mut whole)?;
                let e_tag = fs::read_to_string(self.e_tag_file(*number))?;
                digest.update(&hex::decode(e_tag).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?);
            }
            whole.flush()?;
            let e_tag = ETag::Strong(format!("{}-{}", hex::encode(digest.finalize()), numbers.len()));
            staged.write_e_tag(&e_tag)?;
            fs::copy(&self.metadata, &staged.place.metadata)?;
            Ok(e_tag)
        };
        let e_tag = put_together().map_err(|error: io::Error| S3Error::internal_error(error))?;
        Ok((staged, e_tag))
    }

    /// Checks that each listed part exists and has the listed `ETag`.
    fn check(&self, listed: &[CompletedPart]) -> S3Result<Vec<i32>> {
        if listed.is_empty() {
            return Err(s3_error!(MalformedXML, "at least one part must be named"));
        }
        let numbers: Option<Vec<i32>> = listed.iter().map(|part| part.part_number).collect();
        let numbers = numbers.ok_or_else(|| s3_error!(MalformedXML))?;
        if !numbers.is_sorted_by(|one, next| one < next) {
            return Err(s3_error!(InvalidPartOrder));
        }
        for (index, (part, &number)) in listed.iter().zip(&numbers).enumerate() {
            let there = fs::metadata(self.file(number))
                .and_then(|file| Ok((file.len(), ETag::Strong(fs::read_to_string(self.e_tag_file(number))?))));
            let (size, e_tag) = there.map_err(|_| s3_error!(InvalidPart))?;
            if part.e_tag.as_ref() != Some(&e_tag) {
                return Err(s3_error!(InvalidPart));
            }
            if size < SMALLEST_PART && index + 1 < listed.len() {
                return Err(s3_error!(EntityTooSmall));
            }
        }
        Ok(numbers)
    }

    /// Ends the upload and deletes its parts.
    pub fn end(&self) -> io::Result<()> {
        let _ = fs::remove_file(self.begun());
        let beginning = format!(".upload_id-{}.", self.id);
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&beginning) {
                let _ = fs::remove_file(entry.path()); // a concurrent call may have removed it
            }
        }
        let _ = fs::remove_file(&self.metadata);
        Ok(())
    }
}

pub(super) fn check_number(number: i32) -> S3Result<()> {
    if (1..=LAST_NUMBER).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}
