//! Videos and documents of lessons, pictures of people, thumbnails of courses.

pub mod file_type;
pub mod playback;
pub mod storage;
