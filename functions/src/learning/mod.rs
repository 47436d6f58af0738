//! Who learns: enrolling, progress, completing.

pub mod complete_lesson;
pub mod enroll;
pub mod enrollments;
pub mod recompute_progress;
pub mod reports;
