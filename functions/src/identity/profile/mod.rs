//! Oneself: the profile, and everything that is held about one.

mod export;
mod get;
mod update;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function = Function { name: "profile", needs: Needs::database(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![get::route(), update::route(), export::route()]
}
