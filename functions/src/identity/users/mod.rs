//! Users, for administrators.

mod assign_role;
mod create;
mod delete;
mod get;
mod list;
mod restore;
mod update;

use lyceum::Function;
use lyceum::function::{Grant, QueueName};
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("users", routes).may(&[Grant::Wake(QueueName::Mail)]);

fn routes() -> Vec<Route> {
    vec![
        assign_role::route(),
        create::route(),
        delete::route(),
        get::route(),
        list::route(),
        restore::route(),
        update::route(),
    ]
}
