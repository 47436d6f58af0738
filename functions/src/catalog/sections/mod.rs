//! Sections: the parts of a course.

mod create;
mod delete;
mod get;
mod order;
mod update;

use lyceum::Function;
use lyceum::function::{Grant, QueueName};
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("sections", routes).may(&[Grant::Wake(QueueName::Progress)]);

fn routes() -> Vec<Route> {
    vec![create::route(), delete::route(), get::route(), order::route(), update::route()]
}
