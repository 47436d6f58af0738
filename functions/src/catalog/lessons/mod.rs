//! Lessons: what a course consists of.

mod create;
mod delete;
mod get;
mod html;
mod order;
mod update;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "lessons", needs: Needs::database().and_progress_queue(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![create::route(), delete::route(), get::route(), order::route(), update::route()]
}
