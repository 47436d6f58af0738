//! `WebM` files as browsers record them and ffmpeg writes them.

use super::accepted;
use crate::media::samples::{cluster, ebml, element, info, tracks, webm, webm_of};

const CLUSTER: [u8; 4] = [0x1F, 0x43, 0xB6, 0x75];

fn of_unknown_size(id: &[u8]) -> Vec<u8> {
    [id, &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]].concat()
}

/// Builds a block this many milliseconds after its cluster's time.
fn block(milliseconds: i16) -> Vec<u8> {
    element(&[0xA3], &[&[0x81][..], &milliseconds.to_be_bytes(), &[0x80, 1, 2, 3]].concat())
}

/// Builds a block in a group, as ffmpeg writes the last frame.
fn group(milliseconds: i16) -> Vec<u8> {
    element(&[0xA0], &element(&[0xA1], &[&[0x81][..], &milliseconds.to_be_bytes(), &[0, 1, 2, 3]].concat()))
}

fn recorded_cluster(time: u32, blocks: &[Vec<u8>]) -> Vec<u8> {
    [of_unknown_size(&CLUSTER), element(&[0xE7], &time.to_be_bytes()), blocks.concat()].concat()
}

/// Builds a recording as Chrome and Firefox write it: segment and clusters of unknown size, and no duration.
fn recorded(clusters: &[Vec<u8>]) -> Vec<u8> {
    let segment = of_unknown_size(&[0x18, 0x53, 0x80, 0x67]);
    [ebml("webm"), segment, info(None), tracks(), clusters.concat()].concat()
}

#[test]
fn the_duration_of_a_recording_is_the_time_of_its_last_block() {
    let begin = recorded_cluster(0, &[block(0), block(40)]);
    for (name, end) in [
        ("blocks", recorded_cluster(57_000, &[block(0), block(2960)])),
        ("a group", recorded_cluster(59_000, &[block(0), group(1000)])),
        ("blocks that broke off", [recorded_cluster(57_000, &[block(3000)]), vec![0xA3, 0x4F, 0xFF, 0x81]].concat()),
        ("a cluster that broke off", [recorded_cluster(57_000, &[block(3000)]), of_unknown_size(&CLUSTER)].concat()),
    ] {
        let facts = accepted("webm", name, recorded(&[begin.clone(), end]));
        assert_eq!(facts.duration_seconds, Some(60), "{name}");
    }
    let later = recorded(&[recorded_cluster(1_000_000, &[block(0)]), recorded_cluster(1_009_000, &[block(1000)])]);
    assert_eq!(accepted("webm", "a cut of a longer one", later).duration_seconds, Some(10));
}

#[test]
fn a_recording_without_blocks_has_no_duration() {
    let nothing = recorded(&[recorded_cluster(0, &[]), recorded_cluster(9000, &[])]);
    assert_eq!(accepted("webm", "no blocks", nothing).duration_seconds, None);
}

#[test]
fn the_declared_duration_is_used() {
    let bytes = webm_of("webm", &[info(Some(60_001.0)), tracks(), cluster()]);
    assert_eq!(accepted("webm", "said", bytes).duration_seconds, Some(61));
}

#[test]
fn data_after_the_segment_is_accepted() {
    for rest in [vec![1, 2, 3], vec![0; 5000], b"\n".to_vec(), element(&[0xEC], &[0; 90])] {
        accepted("webm", "a rest", [webm(), rest].concat());
    }
}

#[test]
fn void_elements_may_be_at_any_place() {
    let free = element(&[0xEC], &[0; 90]);
    let segment = element(&[0x18, 0x53, 0x80, 0x67], &[info(Some(1000.0)), free.clone(), tracks(), cluster()].concat());
    accepted("webm", "free space", [ebml("webm"), free, segment].concat());
}
