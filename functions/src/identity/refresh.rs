//! `POST /v1/auth/refresh`: spends a refresh token, and gives the next pair of its session.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::function::Grant;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::refresh::{self, Refreshed};
use lyceum::input::Text;
use lyceum::{Function, fields, problem};

use super::login::Tokens;

pub const FUNCTION: Function = Function::http("refresh", || vec![route()]).may(&[Grant::ReadSigningKey]);

fn route() -> Route {
    post("/v1/auth/refresh", Access::Open, handler)
        .named("refresh", "Get a new pair of tokens; the refresh token is spent")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::INVALID_REFRESH_TOKEN])
        .limited()
}

fields! {
    pub struct Body {
        refresh_token: Text<1, 255>,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply<Tokens>> {
    let key = request.app().signing()?.key(&mut request.read().await?).await?;
    let mut tx = request.write().await?;
    let issuer = &request.app().settings.issuer;
    match refresh::refresh(&mut tx, request.body.refresh_token.as_str(), &key, issuer).await? {
        Refreshed::Pair { session_id, user_id, access_token, refresh_token } => {
            tx.commit(audit("session.refresh", session_id).by(user_id)).await?;
            Ok(Reply::ok(Tokens::new(access_token, refresh_token)))
        }
        Refreshed::Reused { session_id, user_id } => {
            tx.commit(audit("session.reuse", session_id).by(user_id)).await?;
            Err(refresh::invalid())
        }
    }
}
