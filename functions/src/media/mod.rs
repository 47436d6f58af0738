//! Files, from an author's disk to a learner's screen.

pub mod ingest;
pub(crate) mod tidy;
pub mod uploads;
pub mod watch;
