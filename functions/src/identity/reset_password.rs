//! `POST /v1/auth/reset-password`: sets a password with the token that was mailed, and signs nobody in.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::function::{Grant, QueueName};
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::password::{self, NewPassword};
use lyceum::identity::{Identifier, recovery};
use lyceum::input::Text;
use lyceum::{Function, fields, problem};

pub const FUNCTION: Function =
    Function::http("reset-password", || vec![route()]).hashes_passwords().may(&[Grant::Wake(QueueName::Mail)]);

fn route() -> Route {
    post("/v1/auth/reset-password", Access::Open, handler)
        .named("reset_password", "Choose a password with the token of a mail or an invitation; every session ends")
        .answers(&[StatusCode::NO_CONTENT])
        .problems(&[&problem::INVALID_TOKEN])
        .limited()
}

fields! {
    pub struct Body {
        token: Text<1, 255>,
        password: NewPassword,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let (Body { token, password }, request) = request.take_body();
    // Looked up first: no hash for what is no token, and the token lives on when the password is no good.
    let owner = recovery::owner(&mut request.read().await?, token.as_str()).await?;
    password.differs_from(&[&owner.email, &owner.username], "/password")?;
    request.release_connection();
    let hash = password::hash(password).await?;
    // Before the write, which holds no row while it waits for Redis. The holder of the token is the owner.
    let identifiers = [Identifier::new(&owner.email), Identifier::new(&owner.username)];
    request.app().limits.lift(&mut request.read().await?, &identifiers).await?;
    let mut tx = request.write().await?;
    let user = recovery::reset(&mut tx, token.as_str(), &hash).await?;
    tx.commit(audit("user.reset_password", user).by(user)).await?;
    Ok(Reply::no_content())
}
