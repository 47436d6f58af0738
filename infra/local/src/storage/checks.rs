//! Rules of S3 that s3s-fs doesn't check.

use s3s::dto::{ETagCondition, HeadObjectOutput, Timestamp, TimestampFormat};
use s3s::header::{ETAG, LAST_MODIFIED};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// The longest bucket and key together. s3s-fs stores metadata in files named after both in base64, and file names have
/// at most 255 bytes.
const NAME_LIMIT: usize = 160;
/// The limit for multipart uploads, whose file names also contain the upload id.
const UPLOAD_NAME_LIMIT: usize = 135;

/// Checks that the key is the normalized path of a file inside the bucket's folder.
pub(super) fn check_key(bucket: &str, key: &str) -> S3Result<()> {
    let segment_is_bad = |segment: &str| segment.is_empty() || segment == "." || segment.contains("..");
    if key.split('/').any(segment_is_bad) || key.contains(['\\', '\0']) {
        return Err(s3_error!(InvalidArgument, "the local storage can't store this key as a file"));
    }
    if bucket.len() + key.len() > NAME_LIMIT {
        return Err(s3_error!(KeyTooLongError, "the key is too long for the local storage"));
    }
    Ok(())
}

/// Checks the key of a multipart upload.
pub(super) fn check_key_of_upload(bucket: &str, key: &str) -> S3Result<()> {
    check_key(bucket, key)?;
    if bucket.len() + key.len() > UPLOAD_NAME_LIMIT {
        return Err(s3_error!(KeyTooLongError, "the key is too long for the local storage"));
    }
    Ok(())
}

/// Checks a version id. Without versions, `null` is the only one, as in a bucket that never had versioning.
pub(super) fn check_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion)),
    }
}

/// The conditions of a request on its object.
#[derive(Debug, Default, Clone)]
pub(super) struct Conditions {
    pub version: Option<String>,
    pub matches: Option<ETagCondition>,
    pub none_match: Option<ETagCondition>,
    pub modified_since: Option<Timestamp>,
    pub unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// Fails with 412 when the object doesn't match, and with 304 when the client has it already.
    pub fn check(&self, object: &HeadObjectOutput) -> S3Result<()> {
        check_version(self.version.as_deref())?;
        let as_wanted = match (&self.matches, &object.e_tag) {
            (Some(ETagCondition::ETag(wanted)), Some(current)) => current.strong_cmp(wanted),
            (Some(_), _) => true,
            (None, _) => {
                let last = self.unmodified_since.as_ref().zip(object.last_modified.as_ref());
                last.is_none_or(|(since, last)| seconds(last) <= seconds(since))
            }
        };
        if !as_wanted {
            return Err(s3_error!(PreconditionFailed));
        }
        check_modified(object, self.none_match.as_ref(), self.modified_since.as_ref())
    }
}

/// Fails with 304 when the client has this content already. An `ETag` takes precedence over a date.
fn check_modified(
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

/// Returns whole seconds: HTTP dates have no fractions, file times do.
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
