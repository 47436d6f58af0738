//! Videos and documents of lessons, pictures of people, thumbnails of courses.
//!
//! | module | what |
//! | --- | --- |
//! | [`file_type`] | what may be uploaded, as what, and how large |
//! | [`uploads`] | what a browser sends, from the call that asks for it until it is complete |
//! | [`arrival`], [`inspection`], [`checks`], `showing` | what becomes of it then |
//! | [`playback`] | what a lesson plays and offers |
//! | [`lesson_files`], [`images`] | taking a file off its lesson, a picture or a thumbnail away |
//! | [`tidying`] | what nothing needs any more |
//! | [`storage`] | the bucket |

pub mod arrival;
pub mod checks;
pub mod file_type;
pub mod images;
pub mod inspection;
pub mod lesson_files;
pub mod playback;
mod showing;
pub mod storage;
pub mod tidying;
pub mod uploads;

/// The beginning of the keys of files that were uploaded and not inspected yet. Their creation starts `ingest`.
pub const UPLOADED: &str = "uploads/";
