//! Roles, and the permissions that they are made of.

mod create;
mod delete;
mod get;
mod list;
mod permissions;
mod update;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function = Function { name: "roles", needs: Needs::database(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![create::route(), delete::route(), get::route(), list::route(), permissions::route(), update::route()]
}
