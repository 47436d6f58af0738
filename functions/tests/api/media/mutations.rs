//! Thousands of randomly changed files. No check may panic, hang or read without end, and accepted values stay within
//! their limits. The changes are the same in each run. Set `MUTATIONS` for the number of changes per sample, and `SEED` for
//! other changes.

use std::time::{Duration, Instant};

use lyceum::media::checks::{self, Frame};

use super::checks::{format, ranged};
use super::hostile::archives;
use super::movies;
use super::samples;
use crate::harness::Random;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Changes a file as fuzzers do: flips bits, writes extreme values, cuts, repeats, and inserts pieces of another file.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        let length = 1 + random.below(16.min(bytes.len() - at));
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)],
            2 => bytes[at..at + length].fill([0, 0xFF, 0x7F][random.below(3)]),
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..at + length)),
            5 => {
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            6 => {
                let from = random.below(other.len());
                let length = random.below(64.min(other.len() - from));
                bytes.splice(at..at, other[from..from + length].iter().copied());
            }
            _ => {
                let number = [0_u32, 1, 7, 8, 9, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, u32::MAX][random.below(9)];
                let number = if random.below(2) == 0 { number.to_be_bytes() } else { number.to_le_bytes() };
                let end = bytes.len().min(at + 4);
                bytes[at..end].copy_from_slice(&number[..end - at]);
            }
        }
    }
}

#[test]
fn no_check_panics_hangs_or_reads_without_end_on_changed_files() {
    let (count, seed) = (setting("MUTATIONS", 300), setting("SEED", 20_261_125));
    let mut samples = samples::one_of_each();
    let tracks = [movies::Track { samples: (50, 512), ..movies::picture() }, movies::sound()];
    let described = movies::described(0, &tracks, Some(movies::usual(1, 512)));
    let fragments = [movies::fragment(1, Some(25_600), &[512; 8]), movies::fragment_of(1, 9, None)].concat();
    samples.extend([
        ("mp4", [samples::ftyp(b"iso5"), described, movies::index(1, 12_800, 9000), fragments].concat()),
        ("mp4", movies::quicktime(*b"hvc1")),
        ("jpg", [samples::jpeg_with_orientation(40, 30), samples::mp4()].concat()),
        ("zip", archives::zip64_end(&samples::zip(), 3, None)),
        ("pdf", [b"\x1B%-12345X@PJL\r\n", &samples::pdf()[..], &[0; 99]].concat()),
    ]);
    let mut random = Random(seed);
    let (mut passed, mut refused) = (0_u64, std::collections::BTreeMap::<_, u64>::new());
    for (index, (extension, original)) in samples.iter().enumerate() {
        for _ in 0..count {
            let other = &samples[(index + 1 + random.below(samples.len() - 1)) % samples.len()].1;
            let mut bytes = original.clone();
            mutate(&mut random, &mut bytes, other);
            let size = bytes.len() as u64;
            let mut file = ranged(bytes.clone());
            let began = Instant::now();
            let verdict = checks::check(&mut file, format(extension));
            let rendered = matches!(*extension, "png" | "jpg" | "webp")
                .then(|| checks::render(&mut ranged(bytes.clone()), format(extension), Frame::PICTURE));
            let took = began.elapsed();
            let keep = |what: &str| {
                let path = std::env::temp_dir().join(format!("lyceum-{seed}-{what}.{extension}"));
                std::fs::write(&path, &bytes).unwrap();
                path.display().to_string()
            };
            assert!(took < Duration::from_secs(5), "{took:?}: {}", keep("slow"));
            assert!(file.source().fetched <= 16 * size + (1 << 20), "{}", keep("read"));
            for rejection in
                [verdict.as_ref().err(), rendered.as_ref().and_then(|made| made.as_ref().err())].into_iter().flatten()
            {
                assert!(!rejection.reason.contains("could not be read"), "it panicked: {}", keep("panic"));
                assert!(rejection.reason.len() <= 500);
                *refused.entry(rejection.code).or_default() += 1;
            }
            if let Ok(facts) = verdict {
                passed += 1;
                assert!(facts.duration_seconds.is_none_or(|seconds| (0..=360_000).contains(&seconds)), "{facts:?}");
                assert!([facts.width, facts.height].iter().flatten().all(|pixels| *pixels > 0), "{facts:?}");
            }
        }
    }
    println!("{passed} passed, refused: {refused:?}");
    assert!(passed > 0 && refused.len() > 5, "{passed} passed, refused: {refused:?}");
}
