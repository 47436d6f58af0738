//! Lyceum on one machine: the pieces that `cargo run` puts together, and that the tests use too.
//!
//! | module | what |
//! | --- | --- |
//! | [`stack`] | all of it, started in order and stopped |
//! | [`hosts`] | the names under which it may be called |
//! | [`gateway`] | HTTP to Lambda events and back, by the routes of the functions |
//! | [`template`] | the API's CORS, as `template.yaml` has it |
//! | [`event`] | events as AWS sends them |
//! | [`postgres`], [`storage`], [`mailbox`] | the database, S3 and the mail server |
//! | [`trigger`] | what is created in S3 starts a function |
//! | [`demo`] | the demo data |
//! | [`generate`] | the files that follow from the descriptions of the functions |
//! | [`operator`] | what an operator does from the command line |
//! | [`rehearsal`] | a loss of data, and its recovery |
//! | [`seed`] | a large catalogue, to measure with |
//! | [`welcome`] | what is printed when it is ready |

pub mod demo;
pub mod event;
pub mod gateway;
pub mod generate;
pub mod hosts;
pub mod mailbox;
pub mod operator;
mod pages;
pub mod postgres;
pub mod rehearsal;
pub mod seed;
pub mod stack;
pub mod storage;
pub mod template;
pub mod trigger;
pub mod welcome;
