//! `POST /v1/auth/verify-email`: proves that an email is one's own.

use http::StatusCode;
use lyceum::app::Needs;
use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::registration;
use lyceum::input::Text;
use lyceum::{Function, Trigger, fields, problem};

pub const FUNCTION: Function =
    Function { name: "verify-email", needs: Needs::database(), trigger: Trigger::Http(|| vec![route()]) };

fn route() -> Route {
    post("/v1/auth/verify-email", Access::Open, handler)
        .named("verify_email", "Verify an email with the token that was mailed to it")
        .answers(&[StatusCode::NO_CONTENT])
        .problems(&[&problem::INVALID_TOKEN])
}

fields! {
    pub struct Body {
        token: Text<1, 255>,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let mut tx = request.write().await?;
    let user = registration::verify_email(&mut tx, request.body.token.as_str()).await?;
    tx.commit(audit("user.verify_email", user).by(user).changed(Changes::field("is_email_verified", false, true)))
        .await?;
    Ok(Reply::no_content())
}
