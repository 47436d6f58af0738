//! Runs the checks on a file in the bucket. Reads the claimed object version only, in ranges.

use std::io;
use std::ops::Range;

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::claim::ReceivedUpload;
use crate::error::{Error, Result};
use crate::media::checks::{self, Budget, Facts, Format, Frame, Ranged, Rejection, Source};
use crate::media::file_type::UploadKind;
use crate::media::storage::{ObjectVersion, Storage};

/// The object tag that GuardDuty writes its result to.
const SCAN_TAG: &str = "GuardDutyMalwareScanStatus";
/// Bytes that one request fetches when the whole file is read.
const CHUNK: u64 = 4 * 1024 * 1024;

/// The result of the malware scan.
#[derive(Debug, PartialEq, Eq)]
pub enum ScanResult {
    Clean,
    /// The file was not scanned yet.
    Pending,
    Refused(Rejection),
}

/// The result of a successful inspection.
#[derive(Debug)]
pub struct Inspection {
    pub facts: Facts,
    /// The JPEG that replaces the file (pictures and thumbnails); `None` for a file that is kept unchanged.
    pub rendered: Option<Vec<u8>>,
}

/// Reads the result of the malware scan from the object's tag. Only the scanner may write this tag, so it is trusted; the
/// scanner's event only says when to look.
///
/// # Errors
/// Fails with 503 when S3 is unavailable.
pub async fn scan_result(storage: &Storage, upload: &ReceivedUpload) -> Result<ScanResult> {
    let tag = storage.tag(&upload.source_key(), &upload.version, SCAN_TAG).await?;
    Ok(match tag.as_deref() {
        None => ScanResult::Pending,
        Some("NO_THREATS_FOUND") => ScanResult::Clean,
        Some("THREATS_FOUND") => {
            ScanResult::Refused(Rejection::new("malware", "A virus scanner found malware in the file."))
        }
        // the file was too large, encrypted or unreadable for the scanner
        Some(_) => ScanResult::Refused(Rejection::new("not_scanned", "A virus scanner could not look into the file.")),
    })
}

/// Checks the size, the format and the checksum of the file. The format limits how much of it is read.
///
/// # Errors
/// Fails with 503 when S3 is unavailable; the file is then neither accepted nor rejected.
pub async fn inspect(storage: &Storage, upload: &ReceivedUpload) -> Result<Result<Inspection, Rejection>> {
    let Some(size) = storage.version_size(&upload.source_key(), &upload.version).await? else {
        return Ok(Err(replaced()));
    };
    let expected = u64::try_from(upload.size_bytes).unwrap_or_default();
    if size != expected {
        let reason = format!("The file has {size} bytes, not the {expected} that were announced. Upload it again.");
        return Ok(Err(Rejection::new("wrong_size", reason)));
    }
    let format = Format::of(upload.file_type).ok_or_else(|| Error::internal("this file type has no check"))?;
    let content = StoredFile {
        storage: storage.clone(),
        key: upload.source_key(),
        version: upload.version.clone(),
        size,
        runtime: Handle::current(),
        failure: None,
    };
    let (kind, checksum) = (upload.kind, upload.checksum_to_verify.clone());
    let work = move || run_checks(content, format, kind, checksum.as_deref());
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn run_checks(
    content: StoredFile,
    format: Format,
    kind: UploadKind,
    checksum: Option<&[u8]>,
) -> Result<Result<Inspection, Rejection>> {
    let mut file = Ranged::new(content, Budget::SMALL);
    let frame = match kind {
        UploadKind::Picture => Some(Frame::PICTURE),
        UploadKind::Thumbnail => Some(Frame::THUMBNAIL),
        UploadKind::Video | UploadKind::Document => None,
    };
    let verdict = match frame {
        Some(frame) => checks::render(&mut file, format, frame)
            .map(|jpeg| Inspection { facts: frame.facts(), rendered: Some(jpeg) }),
        None => checks::check(&mut file, format).map(|facts| Inspection { facts, rendered: None }),
    };
    let mut content = file.into_source();
    let verdict = match (verdict, checksum) {
        (Ok(inspected), Some(checksum)) if content.failure.is_none() => {
            verify_checksum(&mut content, checksum).map(|()| inspected)
        }
        (verdict, _) => verdict,
    };
    match content.failure {
        Some(ReadFailure::Missing) => Ok(Err(replaced())),
        Some(ReadFailure::Storage(error)) => Err(error),
        None => Ok(verdict),
    }
}

/// Reads the whole file and compares its SHA-256. S3 verifies the checksum of a file that is sent at once; of a file in
/// parts it knows only the checksums of the parts.
fn verify_checksum(content: &mut StoredFile, checksum: &[u8]) -> Result<(), Rejection> {
    let mut sum = Sha256::new();
    for start in (0..content.size).step_by(usize::try_from(CHUNK).unwrap_or(usize::MAX)) {
        sum.update(content.fetch(start..(start + CHUNK).min(content.size))?);
    }
    if sum.finalize().as_slice() == checksum {
        return Ok(());
    }
    Err(Rejection::new("wrong_checksum", "The file's checksum is not the one that was announced. Upload it again."))
}

/// Returns the rejection of a file whose claimed version was overwritten or removed.
#[must_use]
pub fn replaced() -> Rejection {
    Rejection::new("gone", "The file was replaced or removed before it was checked. Upload it again.")
}

/// Returns the rejection of a file that could not be checked for days.
#[must_use]
pub fn processing_failed() -> Rejection {
    Rejection::new(
        "not_judged",
        "The file could not be checked. Save it again in its program, and upload the new file.",
    )
}

/// The claimed object version as a [`Source`]. Parsers read it on a blocking thread.
struct StoredFile {
    storage: Storage,
    key: String,
    version: ObjectVersion,
    size: u64,
    runtime: Handle,
    failure: Option<ReadFailure>,
}

enum ReadFailure {
    /// The object version no longer exists.
    Missing,
    Storage(Error),
}

impl Source for StoredFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn fetch(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        if self.failure.is_some() {
            return Err(io::Error::other("an earlier read from the bucket failed"));
        }
        match self.runtime.block_on(self.storage.read_range(&self.key, &self.version, range)) {
            Ok(Some(bytes)) => return Ok(bytes.into()),
            Ok(None) => self.failure = Some(ReadFailure::Missing),
            Err(error) => self.failure = Some(ReadFailure::Storage(error)),
        }
        Err(io::Error::other("the bucket did not return the bytes"))
    }
}
