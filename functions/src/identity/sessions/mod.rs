//! Where one is signed in.

mod end;
mod end_all;
mod list;

use lyceum::Function;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("sessions", routes);

fn routes() -> Vec<Route> {
    vec![end::route(), end_all::route(), list::route()]
}
