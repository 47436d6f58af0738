//! `POST /v1/auth/forgot-password`: a mail with a link to choose a new one.

use http::StatusCode;
use lyceum::audit::{Audit, audit};
use lyceum::error::Result;
use lyceum::function::{Grant, QueueName};
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::id::UserId;
use lyceum::identity::{Email, recovery};
use lyceum::transaction::Write;
use lyceum::{Function, fields};

pub const FUNCTION: Function = Function::http("forgot-password", || vec![route()]).may(&[Grant::Wake(QueueName::Mail)]);

fn route() -> Route {
    post("/v1/auth/forgot-password", Access::Open, handler)
        .named("forgot_password", "Ask for a mail to choose a new password; the answer is always the same")
        .answers(&[StatusCode::ACCEPTED])
        .limited()
}

fields! {
    pub struct Body {
        email: Email,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let mut tx = request.write().await?;
    let user = recovery::forgot(&mut tx, &request.app().limits, &request.body.email).await?;
    asked(tx, "user.forgot_password", user).await
}

/// Commits what somebody asked to be mailed, and tells them nothing of it.
pub(super) async fn asked(tx: Write, action: &'static str, user: Option<UserId>) -> Result<Reply> {
    tx.commit(user.map_or_else(|| Audit::of(action, "user"), |user| audit(action, user))).await?;
    Ok(Reply::accepted())
}
