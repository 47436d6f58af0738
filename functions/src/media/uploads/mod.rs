//! Uploads: what browsers send straight to the bucket, and how they are taken off again.

mod ask;
mod complete;
mod get;
mod give_up;
mod picture;
mod remove_document;
mod remove_picture;
mod remove_thumbnail;
mod remove_video;
mod sending;
mod sign_parts;
mod thumbnail;

use lyceum::Function;
use lyceum::function::Grant;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("uploads", routes).may(&[Grant::SignUploads]).timeout(29);

fn routes() -> Vec<Route> {
    vec![
        ask::route(),
        picture::route(),
        thumbnail::route(),
        get::route(),
        sign_parts::route(),
        complete::route(),
        give_up::route(),
        remove_document::route(),
        remove_video::route(),
        remove_picture::route(),
        remove_thumbnail::route(),
    ]
}
