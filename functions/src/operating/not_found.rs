//! `$default`: whatever no other route takes. It knows all routes, so as to tell an unknown address (404) from a method
//! that an address doesn't take (405).

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "not-found", needs: Needs::nothing(), trigger: Trigger::Default(routes) };

fn routes() -> Vec<Route> {
    crate::ALL.iter().flat_map(Function::routes).collect()
}
