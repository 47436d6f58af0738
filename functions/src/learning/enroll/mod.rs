//! Enrolling: oneself; or, as staff of a course, somebody else, or a whole list.

mod import;
mod one;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "enroll", needs: Needs::database().and_jobs_queue(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![one::route(), import::route()]
}
