//! The S3 keys under which browsers upload files: `uploads/{upload_id}`.

use crate::id::UploadId;

/// Returns the key of an upload's file. The file stays there until it was processed.
#[must_use]
pub fn of(id: UploadId) -> String {
    format!("uploads/{id}")
}

/// Returns the upload whose file has this key; `None` for every other key.
#[must_use]
pub fn parse(key: &str) -> Option<UploadId> {
    let id: UploadId = key.strip_prefix(super::UPLOADED)?.parse().ok()?;
    (of(id) == key).then_some(id)
}

/// Like [`parse`], for a key as S3's own events write it: form-encoded, with `+` for a space.
#[must_use]
pub fn parse_encoded(key: &str) -> Option<UploadId> {
    let (key, _) = form_urlencoded::parse(key.as_bytes()).next()?;
    parse(&key)
}
