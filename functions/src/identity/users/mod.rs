//! Users, for administrators.

mod assign_role;
mod create;
mod delete;
mod get;
mod list;
mod restore;
mod update;

use lyceum::app::Needs;
use lyceum::http::Route;
use lyceum::{Function, Trigger};

pub const FUNCTION: Function =
    Function { name: "users", needs: Needs::database().and_mail_queue(), trigger: Trigger::Http(routes) };

fn routes() -> Vec<Route> {
    vec![
        assign_role::route(),
        create::route(),
        delete::route(),
        get::route(),
        list::route(),
        restore::route(),
        update::route(),
    ]
}
