//! `$default`: whatever no other route takes. It knows all routes, so as to tell an unknown address (404) from a method
//! that an address doesn't take (405).

use lyceum::Function;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::default("not-found", routes).without_database();

fn routes() -> Vec<Route> {
    crate::ALL.iter().flat_map(Function::routes).collect()
}
