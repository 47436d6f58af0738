//! Lyceum on one machine: the pieces that `cargo run` puts together, and that the tests use too.

pub mod event;
pub mod mailbox;
pub mod postgres;
pub mod storage;
