//! Prerequisites: the courses that come before a course.

mod get;
mod set;

use lyceum::Function;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("prerequisites", routes);

fn routes() -> Vec<Route> {
    vec![get::route(), set::route()]
}
