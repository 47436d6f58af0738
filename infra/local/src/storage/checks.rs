//! The rules of S3 that s3s-fs leaves out.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use s3s::crypto::{Checksum, Md5};
use s3s::dto::{CompletedPart, ETag, ETagCondition, HeadObjectOutput, Timestamp, TimestampFormat};
use s3s::header::{ETAG, LAST_MODIFIED};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use uuid::Uuid;

/// s3s-fs keeps metadata in a file named after bucket and key, in base64; names end at 255 bytes.
const NAME_LIMIT: usize = 160;
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// A key must be the path of a file inside the bucket's folder, and only of that one.
pub(super) fn check_key(bucket: &str, key: &str) -> S3Result<()> {
    let segment_is_bad = |segment: &str| segment.is_empty() || segment == "." || segment.contains("..");
    if key.split('/').any(segment_is_bad) || key.contains(['\\', '\0']) {
        return Err(s3_error!(InvalidArgument, "this key can't be kept as a file"));
    }
    if bucket.len() + key.len() > NAME_LIMIT {
        return Err(s3_error!(KeyTooLongError, "the local storage keeps shorter keys only"));
    }
    Ok(())
}

/// 304, if the caller has this version already. An `ETag` counts more than a date.
pub(super) fn check_modified(
    object: &HeadObjectOutput,
    none_match: Option<&ETagCondition>,
    since: Option<&Timestamp>,
) -> S3Result<()> {
    let unchanged = match (none_match, &object.e_tag) {
        (Some(ETagCondition::Any), _) => true,
        (Some(ETagCondition::ETag(known)), Some(current)) => current.weak_cmp(known),
        _ => since.zip(object.last_modified.as_ref()).is_some_and(|(since, last)| seconds(last) <= seconds(since)),
    };
    if !unchanged {
        return Ok(());
    }
    let mut answer = S3Error::new(S3ErrorCode::NotModified);
    let mut headers = http::HeaderMap::new();
    if let Some(value) = object.e_tag.as_ref().and_then(|e_tag| e_tag.to_http_header().ok()) {
        headers.insert(ETAG, value);
    }
    if let Some(value) = object.last_modified.as_ref().and_then(http_date) {
        headers.insert(LAST_MODIFIED, value);
    }
    answer.set_headers(headers);
    Err(answer)
}

/// HTTP's dates have no fractions, files' do.
fn seconds(moment: &Timestamp) -> Option<i64> {
    let mut text = Vec::new();
    moment.format(TimestampFormat::EpochSeconds, &mut text).ok()?;
    String::from_utf8(text).ok()?.split('.').next()?.parse().ok()
}

fn http_date(moment: &Timestamp) -> Option<http::HeaderValue> {
    let mut text = Vec::new();
    moment.format(TimestampFormat::HttpDate, &mut text).ok()?;
    http::HeaderValue::from_bytes(&text).ok()
}

/// The files of an upload in parts, as s3s-fs names them.
#[derive(Clone)]
pub(super) struct Upload {
    root: PathBuf,
    id: Uuid,
}

impl Upload {
    /// s3s-fs would answer for uploads that never were, or are no more.
    pub fn find(root: &Path, id: &str) -> S3Result<Self> {
        let id = Uuid::parse_str(id).map_err(|_| s3_error!(NoSuchUpload))?;
        if !root.join(format!(".upload-{id}.json")).exists() {
            return Err(s3_error!(NoSuchUpload));
        }
        Ok(Self { root: root.to_owned(), id })
    }

    /// Sees, before anything is put together, that each part is the one the caller means.
    pub fn check_parts(&self, parts: &[CompletedPart]) -> S3Result<()> {
        for (index, part) in parts.iter().enumerate() {
            let number = part.part_number.ok_or_else(|| s3_error!(InvalidPart))?;
            let (e_tag, size) = self.digest(number).map_err(|_| s3_error!(InvalidPart))?;
            if part.e_tag.as_ref() != Some(&e_tag) {
                return Err(s3_error!(InvalidPart));
            }
            if size < SMALLEST_PART && index + 1 < parts.len() {
                return Err(s3_error!(EntityTooSmall));
            }
        }
        Ok(())
    }

    /// A part's `ETag` and size.
    pub fn digest(&self, number: i32) -> io::Result<(ETag, u64)> {
        let path = self.root.join(format!(".upload_id-{}.part-{number}", self.id));
        let mut file = File::open(path)?;
        let (mut md5, mut size, mut buffer) = (Md5::new(), 0, vec![0; 1 << 16]);
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                return Ok((ETag::Strong(hex::encode(md5.finalize())), size));
            }
            md5.update(&buffer[..length]);
            size += length as u64;
        }
    }
}
