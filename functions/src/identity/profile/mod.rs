//! Oneself: the profile, and everything that is held about one.

mod export;
mod get;
mod update;

use lyceum::Function;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("profile", routes);

fn routes() -> Vec<Route> {
    vec![get::route(), update::route(), export::route()]
}
