//! Categories: what courses are filed under.

mod create;
mod delete;
mod get;
mod list;
mod order;
mod update;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "categories", needs: Needs::database(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![create::route(), delete::route(), get::route(), list::route(), order::route(), update::route()]
}
