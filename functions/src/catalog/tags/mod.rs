//! Tags: of a course, and of the whole catalogue.

mod list;
mod set;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "tags", needs: Needs::database().and_jobs_queue(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![list::route(), set::route()]
}
