//! The checks, over what lies in the bucket: pinned to the content that arrived first, and read by ranges.

use std::io;
use std::ops::Range;

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::arrival::Arrived;
use super::checks::{self, Budget, Facts, Format, Frame, Ranged, Rejection, Source};
use super::file_type::UploadKind;
use super::storage::{Pin, Storage};
use crate::error::{Error, Result};

/// The tag in which GuardDuty tells what it found.
const SCAN_TAG: &str = "GuardDutyMalwareScanStatus";
/// What is read at once where all of it is.
const PIECE: u64 = 4 * 1024 * 1024;

/// What the malware scan says so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Scan {
    Clean,
    /// It was not scanned yet.
    Waiting,
    Refused(Rejection),
}

/// What passed.
#[derive(Debug)]
pub struct Inspected {
    pub facts: Facts,
    /// The picture that was made of it, where it is not kept as it is.
    pub made: Option<Vec<u8>>,
}

/// What the scan left on the content. Only the scanner may write this tag; its event only says when to look.
///
/// # Errors
/// 503 when S3 is away.
pub async fn scan(storage: &Storage, arrived: &Arrived) -> Result<Scan> {
    let tag = storage.tag(&arrived.source(), &arrived.pin, SCAN_TAG).await?;
    Ok(match tag.as_deref() {
        None => Scan::Waiting,
        Some("NO_THREATS_FOUND") => Scan::Clean,
        Some("THREATS_FOUND") => Scan::Refused(Rejection::new("malware", "A virus scanner found malware in the file.")),
        // too large, encrypted, or not readable for it: nobody knows
        Some(_) => Scan::Refused(Rejection::new("not_scanned", "A virus scanner could not look into the file.")),
    })
}

/// Judges the content from its size to its end. What it costs depends on the format, not on the file.
///
/// # Errors
/// 503 when S3 is away: then there is no verdict.
pub async fn inspect(storage: &Storage, arrived: &Arrived) -> Result<Result<Inspected, Rejection>> {
    let Some(size) = storage.pinned_size(&arrived.source(), &arrived.pin).await? else { return Ok(Err(gone())) };
    let expected = u64::try_from(arrived.size_bytes).unwrap_or_default();
    if size != expected {
        let reason = format!("The file has {size} bytes, not the {expected} that were announced. Upload it again.");
        return Ok(Err(Rejection::new("wrong_size", reason)));
    }
    let format = Format::of(arrived.file_type).ok_or_else(|| Error::internal("a type of files without a check"))?;
    let content = Content {
        storage: storage.clone(),
        key: arrived.source(),
        pin: arrived.pin.clone(),
        size,
        runtime: Handle::current(),
        failure: None,
    };
    let (kind, checksum) = (arrived.kind, arrived.checksum_to_verify.clone());
    let work = move || judge(content, format, kind, checksum.as_deref());
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn judge(
    content: Content,
    format: Format,
    kind: UploadKind,
    checksum: Option<&[u8]>,
) -> Result<Result<Inspected, Rejection>> {
    let mut file = Ranged::new(content, Budget::SMALL);
    let frame = match kind {
        UploadKind::Picture => Some(Frame::PICTURE),
        UploadKind::Thumbnail => Some(Frame::THUMBNAIL),
        UploadKind::Video | UploadKind::Document => None,
    };
    let verdict = match frame {
        Some(frame) => {
            checks::render(&mut file, format, frame).map(|made| Inspected { facts: frame.facts(), made: Some(made) })
        }
        None => checks::check(&mut file, format).map(|facts| Inspected { facts, made: None }),
    };
    let mut content = file.into_source();
    let verdict = match (verdict, checksum) {
        (Ok(inspected), Some(checksum)) if content.failure.is_none() => {
            verify(&mut content, checksum).map(|()| inspected)
        }
        (verdict, _) => verdict,
    };
    match content.failure {
        Some(Failure::Gone) => Ok(Err(gone())),
        Some(Failure::Away(error)) => Err(error),
        None => Ok(verdict),
    }
}

/// S3 verifies the checksum of what comes in one piece; of what comes in parts it knows only those of the parts. So the
/// whole is read once more.
fn verify(content: &mut Content, checksum: &[u8]) -> Result<(), Rejection> {
    let mut sum = Sha256::new();
    for start in (0..content.size).step_by(usize::try_from(PIECE).unwrap_or(usize::MAX)) {
        sum.update(content.fetch(start..(start + PIECE).min(content.size))?);
    }
    if sum.finalize().as_slice() == checksum {
        return Ok(());
    }
    Err(Rejection::new("wrong_checksum", "The file's checksum is not the one that was announced. Upload it again."))
}

/// Whoever writes to the same key again loses what was there.
#[must_use]
pub fn gone() -> Rejection {
    Rejection::new("gone", "The file was replaced or removed before it was checked. Upload it again.")
}

/// Each try to judge it failed, for days.
#[must_use]
pub fn not_judged() -> Rejection {
    Rejection::new("not_judged", "The file could not be checked. Upload it again, or save it anew first.")
}

/// The pinned content as a parser reads it, on a thread of its own.
struct Content {
    storage: Storage,
    key: String,
    pin: Pin,
    size: u64,
    runtime: Handle,
    failure: Option<Failure>,
}

enum Failure {
    Gone,
    Away(Error),
}

impl Source for Content {
    fn size(&self) -> u64 {
        self.size
    }

    fn fetch(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        if self.failure.is_some() {
            return Err(io::Error::other("the bucket failed before"));
        }
        match self.runtime.block_on(self.storage.read_range(&self.key, &self.pin, range)) {
            Ok(Some(bytes)) => return Ok(bytes.into()),
            Ok(None) => self.failure = Some(Failure::Gone),
            Err(error) => self.failure = Some(Failure::Away(error)),
        }
        Err(io::Error::other("the bucket did not give the bytes"))
    }
}
