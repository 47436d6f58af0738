//! Tags: of a course, and of the whole catalogue.

mod list;
mod set;

use lyceum::Function;
use lyceum::function::{Grant, QueueName};
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("tags", routes).may(&[Grant::Wake(QueueName::Jobs)]);

fn routes() -> Vec<Route> {
    vec![list::route(), set::route()]
}
