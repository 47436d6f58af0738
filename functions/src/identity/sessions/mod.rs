//! Where one is signed in.

mod end;
mod end_all;
mod list;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function = Function { name: "sessions", needs: Needs::database(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![end::route(), end_all::route(), list::route()]
}
