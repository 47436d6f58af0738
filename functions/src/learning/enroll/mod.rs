//! Enrolling: oneself; or, as staff of a course, somebody else, or a whole list.

mod import;
mod one;

use lyceum::Function;
use lyceum::function::{Grant, QueueName};
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("enroll", routes).may(&[Grant::Wake(QueueName::Jobs)]);

fn routes() -> Vec<Route> {
    vec![one::route(), import::route()]
}
