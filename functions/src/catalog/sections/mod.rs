//! Sections: the parts of a course.

mod create;
mod delete;
mod get;
mod order;
mod update;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "sections", needs: Needs::database().and_progress_queue(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![create::route(), delete::route(), get::route(), order::route(), update::route()]
}
