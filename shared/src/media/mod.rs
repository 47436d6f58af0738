//! Videos and documents of lessons.

pub mod playback;
pub mod storage;
