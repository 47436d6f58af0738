//! `GET /health`: whether the database answers, within three seconds.

use std::time::Duration;

use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::{Error, Function, db, problem};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function::http("health", || vec![route()]);

/// Under the three seconds that a caller is promised.
const PATIENCE: Duration = Duration::from_millis(2800);

fn route() -> Route {
    get("/health", Access::Open, handler)
        .named("get_health", "Tell whether the database answers")
        .problems(&[&problem::UNAVAILABLE])
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`
    pub status: &'static str,
}

async fn handler(request: Request) -> Result<Reply<Health>> {
    let answers = async { db::ping(&mut request.read().await?).await };
    tokio::time::timeout(PATIENCE, answers).await.map_err(|late| Error::Unavailable(late.into()))??;
    Ok(Reply::ok(Health { status: "ok" }))
}
