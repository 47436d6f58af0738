//! Finds the duration of a `WebM` that does not declare it, such as a recording of a browser: the time of its last block.

use memchr::memmem;

use super::webm::{CLUSTER, Element, next};
use super::{Ranged, Source, Verdict};

const TIMESTAMP: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
/// The bytes at the end in which the last cluster must begin. Recorders begin a cluster every few seconds.
const TAIL: u64 = 16 * 1024 * 1024;
const MAX_CLUSTERS: usize = 64;
const MAX_BLOCKS: u32 = 50_000;

/// Returns the time between the first and the last block, in the file's ticks; `None` if no block is found at the end.
pub(super) fn ticks<S: Source>(file: &mut Ranged<S>, first: u64, end: u64) -> Verdict<Option<u64>> {
    let Some(begin) = last_block(file, first, end, 1)? else { return Ok(None) };
    for length in [TAIL / 16, TAIL] {
        let start = end.saturating_sub(length).max(first);
        let tail = file.bytes_at(start, usize::try_from(end - start).unwrap_or_default())?;
        for at in memmem::rfind_iter(&tail, &CLUSTER.to_be_bytes()).take(MAX_CLUSTERS) {
            if let Some(last) = last_block(file, start + at as u64, end, MAX_BLOCKS)? {
                return Ok(last.checked_sub(begin).filter(|ticks| *ticks > 0));
            }
        }
    }
    Ok(None)
}

/// Returns the latest time of a cluster's first `most` blocks; `None` if there is no cluster with blocks at `start`.
fn last_block<S: Source>(file: &mut Ranged<S>, start: u64, end: u64, most: u32) -> Verdict<Option<u64>> {
    let Ok(cluster) = next(file, start, end) else { return Ok(None) };
    let end = cluster.end.unwrap_or(end);
    let (mut position, mut base, mut latest) = (cluster.body, None, None);
    let mut blocks = 0;
    while position < end && blocks < most {
        // an interrupted recording ends in the middle of an element
        let Ok(one) = next(file, position, end) else { break };
        let (id, Some(element_end)) = (one.id, one.end) else { break };
        match id {
            TIMESTAMP => base = timestamp(file, &one)?,
            SIMPLE_BLOCK => latest = latest.max(block_time(file, &one, base)?),
            BLOCK_GROUP => {
                if let Ok(block) = next(file, one.body, element_end)
                    && block.id == BLOCK
                {
                    latest = latest.max(block_time(file, &block, base)?);
                }
            }
            CLUSTER => break,
            _ => {}
        }
        blocks += u32::from(matches!(id, SIMPLE_BLOCK | BLOCK_GROUP));
        position = element_end;
    }
    Ok(latest)
}

fn timestamp<S: Source>(file: &mut Ranged<S>, one: &Element) -> Verdict<Option<u64>> {
    let Some(length) = one.end.map(|end| end - one.body).filter(|length| *length <= 8) else { return Ok(None) };
    let bytes = file.bytes_at(one.body, usize::try_from(length).unwrap_or_default())?;
    Ok(Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))))
}

/// Returns the time of a block, which begins with its track number and its distance from the cluster's time.
fn block_time<S: Source>(file: &mut Ranged<S>, block: &Element, base: Option<u64>) -> Verdict<Option<u64>> {
    let head = file.bytes_at(block.body, 10)?;
    let track = head.first().map_or(9, |first| first.leading_zeros() as usize + 1);
    let distance = head.get(track..).and_then(<[u8]>::first_chunk::<2>).map(|two| i16::from_be_bytes(*two));
    Ok(base.zip(distance).and_then(|(base, distance)| base.checked_add_signed(distance.into())))
}
