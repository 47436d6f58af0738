//! Courses: finding them, writing them, publishing them.

mod archive;
mod create;
mod delete;
mod duplicate;
mod facets;
mod get;
mod list;
mod outline;
mod publish;
mod restore;
mod unpublish;
mod update;

use lyceum::Function;
use lyceum::function::{Grant, QueueName};
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("courses", routes).may(&[Grant::Wake(QueueName::Jobs)]);

fn routes() -> Vec<Route> {
    vec![
        archive::route(),
        create::route(),
        delete::route(),
        duplicate::route(),
        facets::route(),
        get::route(),
        list::route(),
        outline::route(),
        publish::route(),
        restore::route(),
        unpublish::route(),
        update::route(),
    ]
}
