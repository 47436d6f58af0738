//! Files, from an author's disk to a learner's screen.

pub mod watch;
