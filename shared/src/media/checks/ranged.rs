//! A file that lies elsewhere, read piece by piece: what a parser needs of 5 GiB is some kilobytes, and what a hostile
//! file makes it ask for ends at a budget.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Where the bytes are.
pub trait Source {
    fn size(&self) -> u64;

    /// Exactly those bytes, which lie within the size.
    ///
    /// # Errors
    /// When they can't be had now.
    fn fetch(&mut self, range: Range<u64>) -> io::Result<Vec<u8>>;
}

/// What one check may use.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Requests to the source.
    pub requests: u32,
    /// Bytes that they bring.
    pub fetched: u64,
    /// Bytes that the parser takes, again and again perhaps.
    pub read: u64,
}

impl Budget {
    /// For what is described at its beginning or its end.
    pub const SMALL: Self = Self { requests: 2_000, fetched: 32 << 20, read: 64 << 20 };
}

/// Reads in between come in blocks of so much.
const BLOCK: u64 = 16 * 1024;
/// Reading on and on doubles what is fetched, up to that.
const LONGEST: u64 = 1024 * 1024;
/// So many pieces are kept.
const KEPT: usize = 4;

pub struct Ranged<S> {
    source: S,
    position: u64,
    /// The newest first.
    pieces: VecDeque<Piece>,
    left: Budget,
    is_exhausted: bool,
}

struct Piece {
    start: u64,
    bytes: Vec<u8>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl<S: Source> Ranged<S> {
    pub fn new(source: S, budget: Budget) -> Self {
        Self { source, position: 0, pieces: VecDeque::new(), left: budget, is_exhausted: false }
    }

    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// From now on the check may use so much.
    pub fn set_budget(&mut self, budget: Budget) {
        self.left = budget;
    }

    /// Whether a read failed because the budget was used up.
    pub fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    pub fn source(&self) -> &S {
        &self.source
    }

    pub fn into_source(self) -> S {
        self.source
    }

    /// Those bytes, or as many of them as there are.
    ///
    /// # Errors
    /// Those of the source, and when the budget is used up.
    pub fn bytes_at(&mut self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        self.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::with_capacity(length.min(64 * 1024));
        self.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The last bytes, and where they begin.
    ///
    /// # Errors
    /// Those of the source, and when the budget is used up.
    pub fn tail(&mut self, length: u64) -> io::Result<(u64, Vec<u8>)> {
        let start = self.size().saturating_sub(length);
        let length = usize::try_from(self.size() - start).unwrap_or_default();
        Ok((start, self.bytes_at(start, length)?))
    }

    /// Brings the piece that holds the position to the front.
    fn find(&mut self) -> io::Result<()> {
        let holds = |piece: &Piece| (piece.start..piece.end()).contains(&self.position);
        if let Some(index) = self.pieces.iter().position(holds) {
            if index > 0
                && let Some(piece) = self.pieces.remove(index)
            {
                self.pieces.push_front(piece);
            }
            return Ok(());
        }
        let goes_on = self.pieces.front().filter(|piece| piece.end() == self.position);
        let (start, length) = match goes_on {
            Some(before) => (self.position, (before.bytes.len() as u64 * 2).clamp(BLOCK, LONGEST)),
            None => (self.position - self.position % BLOCK, BLOCK),
        };
        let length = length.min(self.size() - start);
        let (Some(requests), Some(fetched)) =
            (self.left.requests.checked_sub(1), self.left.fetched.checked_sub(length))
        else {
            return Err(self.refuse());
        };
        (self.left.requests, self.left.fetched) = (requests, fetched);
        self.pieces.truncate(KEPT - 1);
        let bytes = self.source.fetch(start..start + length)?;
        if bytes.len() as u64 != length {
            return Err(io::Error::other("the source gave another number of bytes"));
        }
        self.pieces.push_front(Piece { start, bytes });
        Ok(())
    }

    fn refuse(&mut self) -> io::Error {
        self.is_exhausted = true;
        io::Error::other("the check used up its budget")
    }
}

impl<S: Source> Read for Ranged<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size() || buffer.is_empty() {
            return Ok(0);
        }
        self.find()?;
        let Some(piece) = self.pieces.front() else { return Ok(0) };
        let offset = usize::try_from(self.position - piece.start).map_err(io::Error::other)?;
        let there = piece.bytes.get(offset..).unwrap_or_default();
        let length = there.len().min(buffer.len());
        let Some(left) = self.left.read.checked_sub(length as u64) else { return Err(self.refuse()) };
        for (to, from) in buffer.iter_mut().zip(there) {
            *to = *from;
        }
        self.left.read = left;
        self.position += length as u64;
        Ok(length)
    }
}

impl<S: Source> Seek for Ranged<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
