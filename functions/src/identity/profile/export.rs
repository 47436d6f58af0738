//! `GET /v1/me/export`: everything that is held about the caller.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::export::{self, Export};

pub(super) fn route() -> Route {
    get("/v1/me/export", Access::SignedIn, handler)
        .named("export_me", "Take away everything that is held about oneself")
}

async fn handler(request: Request) -> Result<Reply<Export>> {
    let export = export::export(&mut request.read().await?).await?;
    Ok(Reply::ok(export).header(http::header::CONTENT_DISPOSITION, "attachment; filename=\"lyceum-export.json\""))
}
