//! A playable video of any size, for tests and measurements.

use std::io::{self, Write};

use super::content;

static PIECE: [u8; 1 << 16] = [0; 1 << 16];

/// Writes the demo's video with padding up to `size` bytes. The index (`moov`) is moved to the end, as cameras write
/// it, and the padding follows the frames; the offsets of the frames don't change, so the index stays valid.
///
/// # Errors
/// Fails when it can't be written, or when `size` is too small or too large.
pub fn large_video(size: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let video = content::media("media/request-path.mp4")?.bytes;
    let (index_at, index) = find(video, *b"moov")?;
    let (frames_at, frames) = find(video, *b"mdat")?;
    let frames_end = frames_at + frames.len();
    let length = size.checked_sub((frames_at + index.len()) as u64);
    let length = length.filter(|length| *length >= frames.len() as u64).ok_or_else(|| io::Error::other("too small"))?;

    let mut begin = video[..frames_end].to_vec();
    begin[index_at + 4..index_at + 8].copy_from_slice(b"free");
    begin[frames_at..frames_at + 4].copy_from_slice(&u32::try_from(length)?.to_be_bytes());
    out.write_all(&begin)?;
    let mut padding = length - frames.len() as u64;
    while padding > 0 {
        let piece = usize::try_from(padding)?.min(PIECE.len());
        out.write_all(&PIECE[..piece])?;
        padding -= piece as u64;
    }
    out.write_all(index)?;
    Ok(())
}

/// Returns the offset and the bytes of the first box of this kind.
fn find(video: &[u8], kind: [u8; 4]) -> anyhow::Result<(usize, &[u8])> {
    let mut at = 0;
    while let Some((head, _)) = video.get(at..).and_then(<[u8]>::split_first_chunk::<8>) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        match video.get(at..at + length) {
            Some(whole) if head[4..] == kind => return Ok((at, whole)),
            _ if length < 8 => break,
            _ => at += length,
        }
    }
    anyhow::bail!("the demo's video has no {}", String::from_utf8_lossy(&kind))
}
