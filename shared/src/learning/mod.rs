//! Who learns, and what they have learned: enrolments, completions, progress.

pub mod completions;
mod enrolling;
pub mod enrollments;
mod progress;
pub mod view;

pub use enrolling::{Enrolled, Target, drop_out, enroll};
