//! `POST /v1/auth/login`: an identifier and a password become a session.

use http::StatusCode;
use lyceum::app::Needs;
use lyceum::audit::{Audit, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::ACCESS_TOKEN_LIFETIME;
use lyceum::identity::password::Password;
use lyceum::identity::profile::{Profile, profile};
use lyceum::identity::sign_in::{self, Session};
use lyceum::input::Text;
use lyceum::{Error, Function, Trigger, fields, problem};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function =
    Function { name: "login", needs: Needs::database().and_signing_key(), trigger: Trigger::Http(|| vec![route()]) };

fn route() -> Route {
    post("/v1/auth/login", Access::Open, handler)
        .named("login", "Sign in with an email or a username")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::INVALID_CREDENTIALS, &problem::EMAIL_NOT_VERIFIED])
}

fields! {
    pub struct Body {
        /// An email or a username.
        identifier: Text<1, 255>,
        password: Password,
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    pub access_token: String,
    /// `Bearer`
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: i64,
    pub refresh_token: String,
    pub user: Profile,
}

async fn handler(request: Request<Body>) -> Result<Reply<Tokens>> {
    let (body, request) = request.take_body();
    let mut read = request.read().await?;
    let account = sign_in::account(&mut read, body.identifier.as_str()).await?;
    drop(read); // no connection is held while a password is hashed
    let known = account.as_ref().map(|account| account.id);
    let account = match sign_in::check(account, body.password).await {
        Ok(account) => account,
        Err(refusal @ Error::Problem(_)) => {
            let failed = Audit::of("session.refuse", "session");
            let failed = if let Some(user) = known { failed.by(user) } else { failed };
            request.write().await?.commit(failed).await?;
            return Err(refusal);
        }
        Err(fault) => return Err(fault),
    };
    let mut tx = request.write().await?;
    let Session { id, access_token, refresh_token } =
        sign_in::open_session(&mut tx, &account, request.app().signing_key()?, &request.app().settings.issuer).await?;
    let user = profile(&mut tx, account.id).await?;
    tx.commit(audit("session.create", id).by(account.id)).await?;
    Ok(Reply::ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_LIFETIME.num_seconds(),
        refresh_token,
        user,
    }))
}
