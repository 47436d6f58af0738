//! JPEG: reads the segments up to the marker that ends the image. Other data may follow: a preview, a short video, or
//! data of the phone's maker.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use memchr::memchr;

use super::{Budget, Ranged, Rejection, Source, Verdict};

/// The facts that the segments of an image declare.
pub(super) struct Jpeg {
    pub width: u16,
    pub height: u16,
    pub end: u64,
    /// Whether the image uses the common compression: sequential or progressive, Huffman codes, 8 bits a channel.
    pub is_common: bool,
}

const BEGIN: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
/// The most bytes between two segments.
const MAX_BETWEEN: u32 = 1024;
/// The last of the three common kinds of frames: baseline, extended and progressive.
const LAST_COMMON: u8 = 0xC2;

/// Returns the size and the end of the image. Fails without a frame, a scan or an end marker.
pub(super) fn parse<S: Source>(file: &mut Ranged<S>) -> Verdict<Jpeg> {
    let size = file.size();
    file.set_budget(Budget { requests: 20_000, fetched: 2 * size + (1 << 20), read: 2 * size + (1 << 20) });
    file.seek(SeekFrom::Start(2))?;
    let mut reader = Segments { input: BufReader::with_capacity(64 * 1024, file), position: 2 };
    let (mut frame, mut scans, mut behind_scan) = (None, 0_u32, None);
    loop {
        let marker = match behind_scan.take() {
            Some(marker) => marker,
            None => reader.marker()?,
        };
        match marker {
            END => break,
            0x01 | 0xD0..=0xD7 => {} // markers without content
            0xC0..=0xFE if marker != BEGIN => {
                let body = reader.segment()?;
                if is_frame(marker) {
                    let number = |at: usize| body.get(at..).and_then(<[u8]>::first_chunk::<2>);
                    let (Some(height), Some(width)) = (number(1), number(3)) else { return Err(unclear()) };
                    let is_common = marker <= LAST_COMMON && body.first() == Some(&8);
                    frame = Some((u16::from_be_bytes(*width), u16::from_be_bytes(*height), is_common));
                }
                if marker == SCAN {
                    scans += 1;
                    behind_scan = Some(reader.skip_scan()?);
                }
            }
            _ => return Err(unclear()),
        }
    }
    match frame {
        Some((width, height, is_common)) if scans > 0 => Ok(Jpeg { width, height, end: reader.position, is_common }),
        _ => Err(Rejection::damaged("it contains no image")),
    }
}

/// Whether the marker begins a frame. The other three in this range are for tables or reserved.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

fn unclear() -> Rejection {
    Rejection::damaged("it contains data that is not valid in a JPEG")
}

struct Segments<R> {
    input: BufReader<R>,
    position: u64,
}

impl<R: Read> Segments<R> {
    fn exactly(&mut self, length: usize) -> Verdict<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.input.read_exact(&mut bytes)?;
        self.position += length as u64;
        Ok(bytes)
    }

    /// Returns the next marker. Skips fill bytes (`FF`) and a few other bytes, as decoders do.
    fn marker(&mut self) -> Verdict<u8> {
        let mut after_ff = false;
        for _ in 0..MAX_BETWEEN {
            let byte = self.exactly(1)?.first().copied().unwrap_or_default();
            match byte {
                0xFF => after_ff = true,
                0 => after_ff = false,
                marker if after_ff => return Ok(marker),
                _ => {}
            }
        }
        Err(unclear())
    }

    /// Reads the content of a segment. The length includes its own two bytes.
    fn segment(&mut self) -> Verdict<Vec<u8>> {
        let length = self.exactly(2)?;
        let length = length.first_chunk().map_or(0, |two| u16::from_be_bytes(*two));
        let body = usize::from(length).checked_sub(2).ok_or_else(unclear)?;
        self.exactly(body)
    }

    /// Skips the compressed image data, and returns the marker that ends it. In the data, `FF` stands only before a zero
    /// or as part of a restart marker.
    fn skip_scan(&mut self) -> Verdict<u8> {
        let mut in_marker = false;
        loop {
            let buffer = self.input.fill_buf()?;
            let Some(first) = buffer.first().copied() else {
                return Err(Rejection::damaged("the image is incomplete"));
            };
            if in_marker {
                self.skip(1);
                match first {
                    0xFF => {}
                    0x00 | 0xD0..=0xD7 => in_marker = false,
                    marker => return Ok(marker),
                }
            } else if let Some(at) = memchr(0xFF, buffer) {
                self.skip(at + 1);
                in_marker = true;
            } else {
                let length = buffer.len();
                self.skip(length);
            }
        }
    }

    fn skip(&mut self, length: usize) {
        self.input.consume(length);
        self.position += length as u64;
    }
}
