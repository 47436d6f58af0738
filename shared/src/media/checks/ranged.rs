//! Reads a remote file in pieces, within a budget. A parser needs some kilobytes of a file of 5 GiB, and a hostile file
//! can't make it read without end.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// A file that can be read by ranges.
pub trait Source {
    fn size(&self) -> u64;

    /// Returns exactly these bytes. The range lies within the size.
    ///
    /// # Errors
    /// Fails when the bytes can't be read now.
    fn fetch(&mut self, range: Range<u64>) -> io::Result<Vec<u8>>;
}

/// The limits of one check.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Requests to the source.
    pub requests: u32,
    /// Bytes that the requests return.
    pub fetched: u64,
    /// Bytes that the parser reads, repeated reads included.
    pub read: u64,
}

impl Budget {
    /// Enough for a file that is described at its beginning or its end.
    pub const SMALL: Self = Self { requests: 2_000, fetched: 32 << 20, read: 64 << 20 };
}

/// The bytes that the first read at a position fetches.
const BLOCK: u64 = 16 * 1024;
/// Sequential reads double the fetched bytes, up to this.
const MAX_PIECE: u64 = 1024 * 1024;
/// The number of pieces that are kept in memory.
const KEPT: usize = 4;

/// A [`Source`] with a position, a small cache, and a budget.
pub struct Ranged<S> {
    source: S,
    position: u64,
    /// The most recently used piece first.
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

    /// Replaces the remaining budget.
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

    /// Returns up to `length` bytes from `start`; fewer at the end of the file.
    ///
    /// # Errors
    /// Fails when the source fails, or when the budget is used up.
    pub fn bytes_at(&mut self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        self.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::with_capacity(length.min(64 * 1024));
        self.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns the position of the last `length` bytes, and the bytes.
    ///
    /// # Errors
    /// Fails when the source fails, or when the budget is used up.
    pub fn tail(&mut self, length: u64) -> io::Result<(u64, Vec<u8>)> {
        let start = self.size().saturating_sub(length);
        let length = usize::try_from(self.size() - start).unwrap_or_default();
        Ok((start, self.bytes_at(start, length)?))
    }

    /// Moves the piece that contains the position to the front, and fetches it if necessary.
    fn load_piece(&mut self) -> io::Result<()> {
        let holds = |piece: &Piece| (piece.start..piece.end()).contains(&self.position);
        if let Some(index) = self.pieces.iter().position(holds) {
            if index > 0
                && let Some(piece) = self.pieces.remove(index)
            {
                self.pieces.push_front(piece);
            }
            return Ok(());
        }
        let preceding = self.pieces.front().filter(|piece| piece.end() == self.position);
        let (start, length) = match preceding {
            Some(before) => (self.position, (before.bytes.len() as u64 * 2).clamp(BLOCK, MAX_PIECE)),
            None => (self.position - self.position % BLOCK, BLOCK),
        };
        let length = length.min(self.size() - start);
        let (Some(requests), Some(fetched)) =
            (self.left.requests.checked_sub(1), self.left.fetched.checked_sub(length))
        else {
            return Err(self.exhausted());
        };
        (self.left.requests, self.left.fetched) = (requests, fetched);
        self.pieces.truncate(KEPT - 1);
        let bytes = self.source.fetch(start..start + length)?;
        if bytes.len() as u64 != length {
            return Err(io::Error::other("the source returned a wrong number of bytes"));
        }
        self.pieces.push_front(Piece { start, bytes });
        Ok(())
    }

    fn exhausted(&mut self) -> io::Error {
        self.is_exhausted = true;
        io::Error::other("the check used up its budget")
    }
}

impl<S: Source> Read for Ranged<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size() || buffer.is_empty() {
            return Ok(0);
        }
        self.load_piece()?;
        let Some(piece) = self.pieces.front() else { return Ok(0) };
        let offset = usize::try_from(self.position - piece.start).map_err(io::Error::other)?;
        let there = piece.bytes.get(offset..).unwrap_or_default();
        let length = there.len().min(buffer.len());
        let Some(left) = self.left.read.checked_sub(length as u64) else { return Err(self.exhausted()) };
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
