//! Who learns: enrolling, progress, completing.

pub mod complete_lesson;
pub mod enroll;
pub mod enrollments;
pub mod recompute_progress;
pub mod reports;

use crate::Domain;

pub const DOMAIN: Domain = Domain {
    folder: "learning",
    name: "Learning",
    about: "Enrolling in a course, completing its lessons, and what its staff see of its learners.",
    functions: functions![enroll, enrollments, complete_lesson, reports, recompute_progress,],
};
