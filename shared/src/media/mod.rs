//! Videos and documents of lessons, pictures of users, and thumbnails of courses.
//!
//! | module | what |
//! | --- | --- |
//! | [`file_type`] | which files may be uploaded, and how large |
//! | [`uploads`] | uploads, from the request until the file has arrived |
//! | [`upload_key`] | the S3 keys of uploaded files |
//! | [`processing`], [`checks`] | what happens to a file that arrived |
//! | [`playback`] | signed URLs of a lesson's files |
//! | [`lesson_files`], [`images`] | removal of a lesson's file, of a picture, of a thumbnail |
//! | [`cleanup`] | removal of files that nothing uses any more |
//! | [`storage`] | the S3 bucket |

pub mod checks;
pub mod cleanup;
pub mod file_type;
pub mod images;
pub mod lesson_files;
pub mod playback;
pub mod processing;
pub mod storage;
pub mod upload_key;
pub mod uploads;

/// The beginning of the keys of files that were uploaded and not inspected yet. Their creation starts `ingest`.
pub const UPLOADED: &str = "uploads/";
