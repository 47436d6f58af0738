//! Tags: of a course, and of the whole catalogue.

mod list;
mod set;

use lyceum::Function;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("tags", routes);

fn routes() -> Vec<Route> {
    vec![list::route(), set::route()]
}
