//! Categories: what courses are filed under.

mod create;
mod delete;
mod get;
mod list;
mod order;
mod update;

use lyceum::Function;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("categories", routes);

fn routes() -> Vec<Route> {
    vec![create::route(), delete::route(), get::route(), list::route(), order::route(), update::route()]
}
