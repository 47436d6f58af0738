//! Uploads in parts, as s3s-fs names their files; with each part's `ETag` beside it, and put together by us: s3s-fs
//! would read every part for each list, and take only parts that are numbered without gaps.

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

/// An upload that is under way.
#[derive(Clone)]
pub(super) struct Upload {
    root: PathBuf,
    id: Uuid,
    /// The headers that the object will have.
    metadata: PathBuf,
}

impl Upload {
    /// s3s-fs would answer for uploads that never were, are no more, or are for another key.
    pub fn find(root: &Path, id: &str, bucket: &str, key: &str) -> S3Result<Self> {
        let id = Uuid::parse_str(id).map_err(|_| s3_error!(NoSuchUpload))?;
        let metadata = root.join(format!("{}.upload-{id}.metadata.json", stem(bucket, key)));
        let upload = Self { root: root.to_owned(), id, metadata };
        upload.check_under_way()?;
        Ok(upload)
    }

    /// Neither complete nor given up.
    pub fn check_under_way(&self) -> S3Result<()> {
        if self.begun().exists() && self.metadata.exists() { Ok(()) } else { Err(s3_error!(NoSuchUpload)) }
    }

    /// Those of a bucket, by key and then by age.
    pub fn all(root: &Path, bucket: &str) -> io::Result<Vec<MultipartUpload>> {
        let beginning = stem(bucket, ""); // whose key follows
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

    /// Named so that s3s-fs removes it with the parts, and takes it for none.
    fn e_tag_file(&self, number: i32) -> PathBuf {
        self.root.join(format!(".upload_id-{}.etag-{number}", self.id))
    }

    /// Takes what was received as the part of that number, in place of the one before.
    pub fn take(&self, number: i32, part: &Staged, e_tag: &ETag) -> S3Result<()> {
        let put = || {
            fs::write(self.e_tag_file(number), e_tag.value())?;
            fs::rename(&part.place.file, self.file(number))
        };
        put().map_err(S3Error::internal_error)
    }

    /// What is there, by number.
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

    /// Puts the parts that the caller means together, and gives the `ETag` of the whole.
    pub fn assemble(&self, meant: &[CompletedPart]) -> S3Result<(Staged, ETag)> {
        let numbers = self.check(meant)?;
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
            staged.note_e_tag(&e_tag)?;
            fs::copy(&self.metadata, &staged.place.metadata)?;
            Ok(e_tag)
        };
        let e_tag = put_together().map_err(|error: io::Error| S3Error::internal_error(error))?;
        Ok((staged, e_tag))
    }

    /// Sees, before anything is put together, that each part is the one the caller means.
    fn check(&self, meant: &[CompletedPart]) -> S3Result<Vec<i32>> {
        if meant.is_empty() {
            return Err(s3_error!(MalformedXML, "at least one part must be named"));
        }
        let numbers: Option<Vec<i32>> = meant.iter().map(|part| part.part_number).collect();
        let numbers = numbers.ok_or_else(|| s3_error!(MalformedXML))?;
        if !numbers.is_sorted_by(|one, next| one < next) {
            return Err(s3_error!(InvalidPartOrder));
        }
        for (index, (part, &number)) in meant.iter().zip(&numbers).enumerate() {
            let there = fs::metadata(self.file(number))
                .and_then(|file| Ok((file.len(), ETag::Strong(fs::read_to_string(self.e_tag_file(number))?))));
            let (size, e_tag) = there.map_err(|_| s3_error!(InvalidPart))?;
            if part.e_tag.as_ref() != Some(&e_tag) {
                return Err(s3_error!(InvalidPart));
            }
            if size < SMALLEST_PART && index + 1 < meant.len() {
                return Err(s3_error!(EntityTooSmall));
            }
        }
        Ok(numbers)
    }

    /// It is no more; its parts go with it.
    pub fn end(&self) -> io::Result<()> {
        let _ = fs::remove_file(self.begun());
        let beginning = format!(".upload_id-{}.", self.id);
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&beginning) {
                let _ = fs::remove_file(entry.path()); // another end may have been quicker
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
