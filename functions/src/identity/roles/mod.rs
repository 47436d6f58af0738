//! Roles, and the permissions that they are made of.

mod create;
mod delete;
mod get;
mod list;
mod permissions;
mod update;

use lyceum::Function;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("roles", routes);

fn routes() -> Vec<Route> {
    vec![create::route(), delete::route(), get::route(), list::route(), permissions::route(), update::route()]
}
