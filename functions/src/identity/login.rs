//! `POST /v1/auth/login`: an identifier and a password become a session.

use http::StatusCode;
use lyceum::audit::{Audit, audit};
use lyceum::error::Result;
use lyceum::function::Grant;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::id::UserId;
use lyceum::identity::password::Password;
use lyceum::identity::profile::{Profile, profile};
use lyceum::identity::sign_in::{self, Session};
use lyceum::identity::{ACCESS_TOKEN_LIFETIME, Identifier};
use lyceum::input::Text;
use lyceum::{Error, Function, fields, problem};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function =
    Function::http("login", || vec![route()]).hashes_passwords().may(&[Grant::ReadSigningKey]);

fn route() -> Route {
    post("/v1/auth/login", Access::Open, handler)
        .named("login", "Sign in with an email or a username")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::INVALID_CREDENTIALS])
        .limited()
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
}

impl Tokens {
    pub(super) fn new(access_token: String, refresh_token: String) -> Self {
        Self { access_token, token_type: "Bearer", expires_in: ACCESS_TOKEN_LIFETIME.num_seconds(), refresh_token }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    #[serde(flatten)]
    pub tokens: Tokens,
    pub user: Profile,
}

async fn handler(request: Request<Body>) -> Result<Reply<SignedIn>> {
    let (body, request) = request.take_body();
    let limits = &request.app().limits;
    let identifier = Identifier::new(body.identifier.as_str());
    let mut read = request.read().await?;
    let account = sign_in::account(&mut read, &identifier).await?;
    let known = account.as_ref().map(|account| account.id);
    let is_known_here = account.as_ref().is_some_and(|account| account.is_known_here);
    let guess = limits.guess(&mut read, &identifier, is_known_here).await?;
    drop(read);
    request.release_connection();
    let Some(checked) = sign_in::check(account, body.password).await? else {
        return refuse(&request, known).await;
    };
    let account = checked.account;
    let mut read = request.read().await?;
    limits.guessed(&mut read, &guess).await?; // before the write: no transaction waits for Redis
    let key = request.app().signing()?.key(&mut read).await?;
    drop(read);
    let mut tx = request.write().await?;
    let Session { id, access_token, refresh_token } =
        sign_in::open_session(&mut tx, &account, checked.new_hash.as_deref(), &key, &request.app().settings.issuer)
            .await?;
    let user = profile(&mut tx, account.id).await?;
    tx.commit(audit("session.create", id).by(account.id)).await?;
    Ok(Reply::ok(SignedIn { tokens: Tokens::new(access_token, refresh_token), user }))
}

/// Writes the refusal to the audit log, whether or not there is such an account, and returns its error.
async fn refuse<T>(request: &Request<()>, known: Option<UserId>) -> Result<T> {
    let refused = Audit::of("session.refuse", "session");
    let refused = if let Some(user) = known { refused.by(user) } else { refused };
    request.write().await?.commit(refused).await?;
    let detail = "The email or username, or the password, is wrong, or the email is not verified yet: then open the link \
                  in the mail that we sent you.";
    Err(Error::problem(&problem::INVALID_CREDENTIALS, detail))
}
