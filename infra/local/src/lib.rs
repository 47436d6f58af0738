//! Lyceum on one machine: the parts of `cargo run`, which the tests use too.
//!
//! | module | what |
//! | --- | --- |
//! | [`stack`] | starts and stops all parts in order |
//! | [`hosts`] | the host names that are accepted |
//! | [`gateway`] | HTTP to Lambda events and back, by the routes of the functions |
//! | [`template`] | the CORS of `template.yaml` |
//! | [`event`] | events in the formats of AWS |
//! | [`postgres`], [`storage`], [`mailbox`] | the database, S3 and the mail server |
//! | [`programs`] | finds the programs that some tests need |
//! | [`trigger`] | invokes functions for objects created in S3 |
//! | [`demo`] | the demo data |
//! | [`generate`] | writes the files that follow from the descriptions of the functions |
//! | [`operator`] | the operator's commands |
//! | [`rehearsal`] | rehearses the recovery of lost data |
//! | [`seed`] | a large catalogue for measurements |
//! | [`welcome`] | the text that is printed when the stack is ready |

pub mod demo;
pub mod event;
pub mod gateway;
pub mod generate;
pub mod hosts;
pub mod mailbox;
pub mod operator;
mod pages;
pub mod postgres;
pub mod programs;
pub mod rehearsal;
pub mod seed;
pub mod stack;
pub mod storage;
pub mod template;
pub mod trigger;
pub mod welcome;
