//! Videos and documents of lessons, pictures of people, thumbnails of courses.

pub mod arrival;
pub mod checks;
pub mod file_type;
pub mod inspection;
pub mod playback;
mod showing;
pub mod storage;
pub mod tidying;
