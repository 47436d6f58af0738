//! Enrolments, as learners and staff see them.

mod drop;
mod get;
mod mine;
mod roster;

use lyceum::Function;
use lyceum::function::{Grant, QueueName};
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("enrollments", routes).may(&[Grant::Wake(QueueName::Jobs)]);

fn routes() -> Vec<Route> {
    vec![mine::route(), get::route(), drop::route(), roster::route()]
}
