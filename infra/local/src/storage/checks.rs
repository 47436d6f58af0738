//! The rules of S3 that s3s-fs leaves out.

use s3s::dto::{ETagCondition, HeadObjectOutput, Timestamp, TimestampFormat};
use s3s::header::{ETAG, LAST_MODIFIED};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// s3s-fs keeps metadata in a file named after bucket and key, in base64; names end at 255 bytes.
const NAME_LIMIT: usize = 160;
/// The same with the id of an upload in parts behind it.
const UPLOAD_NAME_LIMIT: usize = 135;

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

/// The same, for a key to be uploaded in parts.
pub(super) fn check_key_of_upload(bucket: &str, key: &str) -> S3Result<()> {
    check_key(bucket, key)?;
    if bucket.len() + key.len() > UPLOAD_NAME_LIMIT {
        return Err(s3_error!(KeyTooLongError, "the local storage keeps shorter keys only"));
    }
    Ok(())
}

/// The local storage keeps no versions: as in a bucket where they were never switched on, `null` is the only one.
pub(super) fn check_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion)),
    }
}

/// What a caller demands of an object that they want.
#[derive(Debug, Default, Clone)]
pub(super) struct Conditions {
    pub version: Option<String>,
    pub matches: Option<ETagCondition>,
    pub none_match: Option<ETagCondition>,
    pub modified_since: Option<Timestamp>,
    pub unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// 412, if it is not the one; 304, if the caller has it already.
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

/// 304, if the caller has this version already. An `ETag` counts more than a date.
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
