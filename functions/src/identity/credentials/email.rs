//! `PUT /v1/me/email`: another email, once it is verified.

use http::StatusCode;
use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::identity::password::Password;
use lyceum::identity::{Email, credentials, email_change};
use lyceum::{fields, problem};

use super::confirm;

pub(super) fn route() -> Route {
    put("/v1/me/email", Access::SignedIn, handler)
        .named("change_email", "Ask for another email; it takes effect when it is verified, and the old one is told")
        .answers(&[StatusCode::ACCEPTED])
        .problems(&[&problem::WRONG_PASSWORD])
        .limited()
}

fields! {
    pub struct Body {
        email: Email,
        password: Password,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let (Body { email, password }, request) = request.take_body();
    let own = credentials::of_caller(&mut request.read().await?).await?;
    let confirmed = confirm(&request, own, password).await?;
    let limits = &request.app().limits;
    let may_be_mailed = email_change::may_be_mailed(&mut request.read().await?, limits, &confirmed, &email).await?;
    let mut tx = request.write().await?;
    email_change::ask(&mut tx, &confirmed, &email, may_be_mailed).await?;
    tx.commit(audit("user.ask_for_email", confirmed.user_id).changed(Changes::personal("email"))).await?;
    Ok(Reply::accepted())
}
