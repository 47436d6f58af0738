//! Requests for uploads, which browsers send straight to the bucket, and the removal of uploaded files.

mod cancel;
mod complete;
mod create;
mod create_picture;
mod create_thumbnail;
mod get;
mod instructions;
mod remove_document;
mod remove_picture;
mod remove_thumbnail;
mod remove_video;
mod sign_parts;

use lyceum::Function;
use lyceum::function::Grant;
use lyceum::http::Route;

pub const FUNCTION: Function = Function::http("uploads", routes).may(&[Grant::SignUploads]).timeout(29);

fn routes() -> Vec<Route> {
    vec![
        create::route(),
        create_picture::route(),
        create_thumbnail::route(),
        get::route(),
        sign_parts::route(),
        complete::route(),
        cancel::route(),
        remove_document::route(),
        remove_video::route(),
        remove_picture::route(),
        remove_thumbnail::route(),
    ]
}
