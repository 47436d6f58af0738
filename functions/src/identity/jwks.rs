//! `GET /.well-known/jwks.json`: the keys that access tokens verify with, for other services.

use lyceum::Function;
use lyceum::error::Result;
use lyceum::http::{Access, Raw, Reply, Request, Route, get};
use lyceum::identity::keys;

pub const FUNCTION: Function = Function::http("jwks", || vec![route()]);

fn route() -> Route {
    get("/.well-known/jwks.json", Access::Open, handler).named("get_jwks", "Read the public keys (RFC 7517)")
}

async fn handler(request: Request) -> Result<Reply<Raw>> {
    let keys = keys::published(&mut request.read().await?).await?;
    Ok(Reply::raw("application/jwk-set+json", serde_json::to_vec(&keys)?)
        .header(http::header::CACHE_CONTROL, "public, max-age=300"))
}
