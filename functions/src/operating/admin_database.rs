//! `GET /v1/admin/database`: how the database fares.

use lyceum::Function;
use lyceum::db::health::{self, Health, Replica};
use lyceum::error::Result;
use lyceum::function::Grant;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::Permission;

pub const FUNCTION: Function = Function::http("admin-database", || vec![route()]).may(&[Grant::ReadReplica]);

fn route() -> Route {
    get("/v1/admin/database", Access::Needs(Permission::SystemRead), handler)
        .named("get_database", "See how the database fares: sizes, indexes, slow statements, what waits")
}

async fn handler(request: Request) -> Result<Reply<Health>> {
    let replica = replica(&request).await?;
    Ok(Reply::ok(health::measure(&mut request.read().await?, replica).await?))
}

/// Where the replica is away, the writer answers in its place, and is behind nobody.
async fn replica(request: &Request) -> Result<Option<Replica>> {
    if request.app().settings.reader_database_url.is_none() {
        return Ok(None);
    }
    let lag = request.read_from_replica(|mut read| async move { health::lag_milliseconds(&mut read).await }).await?;
    Ok(Some(Replica { answers: lag.is_some(), lag_milliseconds: lag }))
}
