//! Files, from an author's disk to a learner's screen.

pub mod uploads;
pub mod watch;
