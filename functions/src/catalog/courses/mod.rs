//! Courses: finding them, writing them, publishing them.

mod archive;
mod create;
mod delete;
mod duplicate;
mod facets;
mod get;
mod list;
mod outline;
mod publish;
mod restore;
mod unpublish;
mod update;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "courses", needs: Needs::database().and_jobs_queue(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![
        archive::route(),
        create::route(),
        delete::route(),
        duplicate::route(),
        facets::route(),
        get::route(),
        list::route(),
        outline::route(),
        publish::route(),
        restore::route(),
        unpublish::route(),
        update::route(),
    ]
}
