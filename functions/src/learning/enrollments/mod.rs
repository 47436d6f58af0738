//! Enrolments, as learners and staff see them.

mod drop;
mod get;
mod mine;
mod roster;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "enrollments", needs: Needs::database().and_jobs_queue(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![mine::route(), get::route(), drop::route(), roster::route()]
}
