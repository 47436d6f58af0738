//! MP4 files as phones, cameras and ffmpeg write them.

use super::{accepted, refused};
use crate::media::movies::{Track, described, fragment, fragment_of, index, movie, picture, quicktime, sound, usual};
use crate::media::samples::{ftyp, mp4, mp4_box};

/// Builds a fragmented movie, whose description contains `described_samples` samples.
fn in_fragments(described_samples: u32, extension: Vec<u8>, rest: &[Vec<u8>]) -> Vec<u8> {
    let track = Track { samples: (described_samples, 512), ..picture() };
    [ftyp(b"iso5"), described(described_samples * 40, &[track, sound()], Some(extension)), rest.concat()].concat()
}

/// Builds a fragment with two seconds of the picture (25 frames per second).
fn two_seconds(begin: u32) -> Vec<u8> {
    fragment(1, Some(begin * 12_800), &[512; 50])
}

#[test]
fn data_after_the_last_box_is_accepted() {
    for (name, rest) in [
        ("zeros", vec![0; 5000]),
        ("three bytes", vec![0, 1, 2]),
        ("a line feed", b"\n".to_vec()),
        ("a camera's trailer", b"\0\0\x01\x0ASEFHj\0\0\0\x01\0\0\0$\0\0\0SEFT".to_vec()),
        ("text", b"recorded by a camera, model 7".to_vec()),
        ("more boxes", [mp4_box(b"uuid", &[9; 40]), mp4_box(b"free", &[0; 9]), mp4_box(b"skip", &[])].concat()),
    ] {
        for bytes in [mp4(), in_fragments(0, Vec::new(), &[two_seconds(0)])] {
            accepted("mp4", name, [bytes, rest.clone()].concat());
        }
    }
}

#[test]
fn the_duration_includes_all_fragments() {
    let all = || (0..6).map(|number| two_seconds(2 * number)).collect::<Vec<_>>();
    let after_the_first = || (1..6).map(|number| two_seconds(2 * number)).collect::<Vec<_>>();
    let first_in_description = [&[mp4_box(b"mdat", &[7; 500])], &after_the_first()[..]].concat();
    for (name, bytes) in [
        ("the first fragment in the description (frag_keyframe)", in_fragments(50, Vec::new(), &first_in_description)),
        ("all in fragments (empty_moov)", in_fragments(0, Vec::new(), &all())),
        ("without places in time", in_fragments(50, Vec::new(), &[vec![fragment(1, None, &[512; 50]); 5].concat()])),
        ("durations in the fragments' headers", in_fragments(0, Vec::new(), &vec![fragment_of(1, 50, Some(512)); 6])),
        ("durations in the description", in_fragments(0, usual(1, 512), &vec![fragment_of(1, 50, None); 6])),
        ("one frame a fragment", in_fragments(0, usual(1, 512), &vec![fragment_of(1, 1, None); 300])),
        (
            "an index for each (dash)",
            in_fragments(0, Vec::new(), &vec![[index(1, 12_800, 25_600), two_seconds(0)].concat(); 6]),
        ),
        ("one index for all", in_fragments(0, Vec::new(), &[vec![index(1, 12_800, 153_600)], all()].concat())),
        (
            "a cut that begins later",
            in_fragments(0, Vec::new(), &(50..56).map(|at| two_seconds(2 * at)).collect::<Vec<_>>()),
        ),
        (
            "a list of fragments behind them",
            in_fragments(0, Vec::new(), &[all(), vec![mp4_box(b"mfra", &[0; 30])]].concat()),
        ),
        (
            "a little more sound than picture",
            in_fragments(0, Vec::new(), &[all(), vec![fragment(2, Some(0), &[1024; 520])]].concat()),
        ),
    ] {
        assert_eq!(accepted("mp4", name, bytes).duration_seconds, Some(12), "{name}");
    }
    let sound_goes_on = in_fragments(0, Vec::new(), &[all(), vec![fragment(2, Some(0), &[44_100; 20])]].concat());
    assert_eq!(accepted("mp4", "sound goes on", sound_goes_on).duration_seconds, Some(20));
}

#[test]
fn the_declared_duration_of_all_fragments_is_used() {
    let promised = mp4_box(b"mehd", &[&[0; 4][..], &61_000_u32.to_be_bytes()].concat());
    let facts = accepted("mp4", "mehd", in_fragments(0, promised, &[two_seconds(0)]));
    assert_eq!(facts.duration_seconds, Some(61));
}

#[test]
fn thousands_of_fragments_are_added_up_and_too_many_make_the_duration_unknown() {
    let many = |count: u32| in_fragments(0, usual(1, 12_800), &vec![fragment_of(1, 1, None); count as usize]);
    assert_eq!(accepted("mp4", "two hours", many(7200)).duration_seconds, Some(7200));
    assert_eq!(accepted("mp4", "too many", many(10_500)).duration_seconds, None);
}

#[test]
fn an_unreadable_fragment_or_index_is_accepted() {
    let index = mp4_box(b"sidx", &[9; 5]);
    let facts = accepted("mp4", "a broken index", in_fragments(0, Vec::new(), &[index, two_seconds(0)]));
    assert_eq!(facts.duration_seconds, Some(2));
    let broken = [mp4_box(b"moof", &[0; 40]), mp4_box(b"mdat", &[7; 100])].concat();
    let facts = accepted("mp4", "a broken one", in_fragments(0, Vec::new(), &[two_seconds(0), broken]));
    assert_eq!(facts.duration_seconds, None);
}

#[test]
fn a_movie_without_a_declared_duration_has_the_duration_of_its_tracks() {
    for (name, track) in [
        ("in the media's header", Track { duration: 61 * 12_800, ..picture() }),
        ("in the samples' times", Track { samples: (1525, 512), ..picture() }),
    ] {
        for said in [0, u32::MAX] {
            let facts = accepted("mp4", name, movie(*b"isom", said, std::slice::from_ref(&track)));
            assert_eq!(facts.duration_seconds, Some(61), "{name}");
        }
    }
}

#[test]
fn a_handler_name_may_have_any_encoding() {
    for name in [&b"Vid\xE9o\0"[..], b"\xFF\xFE\0", b"", b"\x0Chandler name", b"\x93\xFA\x96\x7B\0"] {
        let track = Track { handler_name: name.to_vec(), ..picture() };
        accepted("mp4", "a handler's name", movie(*b"mp42", 61_000, &[sound(), track]));
    }
}

#[test]
fn a_video_has_the_size_with_which_it_is_displayed() {
    let upright = Track { turned: true, size: (1920, 1080), ..picture() };
    let unsaid = Track { size: (0, 0), coded_size: (640, 360), ..picture() };
    for (name, track, size) in [("upright", upright, (1080, 1920)), ("coded", unsaid, (640, 360))] {
        let facts = accepted("mp4", name, movie(*b"isom", 1000, &[track]));
        assert_eq!((facts.width, facts.height), (Some(size.0), Some(size.1)), "{name}");
    }
}

#[test]
fn a_quicktime_movie_with_a_codec_that_browsers_play_is_accepted_as_mp4() {
    for codec in [b"avc1", b"hvc1", b"hev1"] {
        let facts = accepted("mp4", "a phone's movie", quicktime(*codec));
        assert_eq!((facts.duration_seconds, facts.width), (Some(61), Some(640)));
    }
    for codec in [b"apcn", b"ap4h", b"mjpa", b"SVQ3", b"rle "] {
        assert_eq!(refused("mp4", "a studio's movie", quicktime(*codec)), "wrong_type");
    }
}

#[test]
fn the_order_and_the_sizes_of_boxes_may_vary() {
    let track = || [picture()];
    let description = || described(61_000, &track(), None);
    let media = |size: [u8; 4]| [&size[..], b"mdat", &[7; 500]].concat();
    let large = [&[0, 0, 0, 1][..], b"mdat", &516_u64.to_be_bytes(), &[7; 500]].concat();
    for (name, parts) in [
        ("up to the end", vec![description(), media([0; 4])]),
        ("a size of 64 bits", vec![large, description()]),
        ("media first", vec![mp4_box(b"wide", &[]), mp4_box(b"mdat", &[7; 500]), description()]),
        (
            "much between",
            vec![mp4_box(b"free", &[0; 99]), mp4_box(b"uuid", &[1; 40]), description(), mp4_box(b"mdat", &[7])],
        ),
        ("a list that ends with a zero", vec![description_with_a_zero(), mp4_box(b"mdat", &[7])]),
    ] {
        let facts = accepted("mp4", name, [vec![ftyp(b"isom")], parts].concat().concat());
        assert_eq!(facts.duration_seconds, Some(61), "{name}");
    }
}

fn description_with_a_zero() -> Vec<u8> {
    let description = described(61_000, &[picture()], None);
    mp4_box(b"moov", &[&description[8..], &[0; 4]].concat())
}

#[test]
fn a_file_with_only_sound_is_refused() {
    assert_eq!(refused("mp4", "m4a", movie(*b"M4A ", 1000, &[sound()])), "no_video");
}
