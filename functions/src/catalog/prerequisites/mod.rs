//! Prerequisites: the courses that come before a course.

mod get;
mod set;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "prerequisites", needs: Needs::database(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![get::route(), set::route()]
}
