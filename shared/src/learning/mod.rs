//! Who learns, and what they have learned: enrolments, completions, progress.

mod address_list;
pub mod check;
pub mod completions;
mod enrolling;
pub mod enrollments;
pub mod following;
pub mod importing;
mod progress;
pub mod report;
pub mod roster;
pub mod view;

pub use enrolling::{Enrolled, Target, drop_out, enroll};
