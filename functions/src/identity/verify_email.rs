//! `POST /v1/auth/verify-email`: proves that an email is one's own, of a new account or in the old one's place.

use http::StatusCode;
use lyceum::app::Needs;
use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::id::UserId;
use lyceum::identity::{email_change, registration};
use lyceum::input::Text;
use lyceum::{Function, Trigger, fields, problem};

pub const FUNCTION: Function =
    Function { name: "verify-email", needs: Needs::database(), trigger: Trigger::Http(|| vec![route()]) };

fn route() -> Route {
    post("/v1/auth/verify-email", Access::Open, handler)
        .named("verify_email", "Verify an email with the token that was mailed to it")
        .answers(&[StatusCode::NO_CONTENT])
        .problems(&[&problem::INVALID_TOKEN, &problem::EMAIL_TAKEN])
        .limited()
}

fields! {
    pub struct Body {
        token: Text<1, 255>,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let token = request.body.token.as_str();
    let mut tx = request.write().await?;
    let done = if let Some(user) = registration::verify_email(&mut tx, token).await? {
        audit("user.verify_email", user).by(user).changed(Changes::field("is_email_verified", false, true))
    } else {
        let (user, erased) = email_change::change(&mut tx, token).await?;
        let changes = Changes::personal("email");
        let changes = if erased.is_some() { changes.and("erased_account", erased, None::<UserId>) } else { changes };
        audit("user.change_email", user).by(user).changed(changes)
    };
    tx.commit(done).await?;
    Ok(Reply::no_content())
}
