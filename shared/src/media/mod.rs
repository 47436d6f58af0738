//! Videos and documents of lessons, pictures of people, thumbnails of courses.
//!
//! | module | what |
//! | --- | --- |
//! | [`file_type`] | what may be uploaded, as what, and how large |
//! | [`uploads`] | what a browser sends, from the call that asks for it until it is complete |
//! | [`lesson_files`] | taking a file off its lesson |
//! | [`playback`] | what a lesson plays and offers |
//! | [`storage`] | the bucket |

pub mod file_type;
pub mod lesson_files;
pub mod playback;
pub mod storage;
pub mod uploads;
