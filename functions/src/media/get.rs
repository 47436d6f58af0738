//! `GET /v1/lessons/{lesson_id}/media`: signed URLs of the lesson's video and documents, valid for 15 minutes.

use lyceum::catalog::lessons;
use lyceum::error::Result;
use lyceum::function::Grant;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::media::playback::{self, Media};
use lyceum::{Function, problem};

pub const FUNCTION: Function = Function::http("media", || vec![route()]).may(&[Grant::SignMediaReads]);

fn route() -> Route {
    get("/v1/lessons/{lesson_id}/media", Access::SignedIn, handler)
        .named("get_lesson_media", "Get addresses that play the lesson's video and download its documents")
        .problems(&[&problem::FORBIDDEN])
}

async fn handler(request: Request) -> Result<Reply<Media>> {
    let mut read = request.read().await?;
    let lesson = lessons::open(&mut read, request.id("lesson_id")?).await?;
    let files = playback::files(&mut read, &lesson).await?;
    let now = read.now();
    Ok(Reply::ok(playback::sign(request.app().storage()?, files, now).await?))
}
