//! `GET /v1/me/export`: everything that is held about the caller.

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::export::{self, Export};
use lyceum::input::NoFields;
use lyceum::optional_fields;
use lyceum::page::Cursor;

pub(super) fn route() -> Route {
    get("/v1/me/export", Access::SignedIn, handler)
        .named("export_me", "Take away everything that is held about oneself")
}

optional_fields! {
    pub struct Query {
        cursor: Option<Cursor>,
    }
}

async fn handler(request: Request<NoFields, Query>) -> Result<Reply<Export>> {
    let export = export::export(&mut request.read().await?, request.query.cursor.as_ref()).await?;
    Ok(Reply::ok(export).header(http::header::CONTENT_DISPOSITION, "attachment; filename=\"lyceum-export.json\""))
}
