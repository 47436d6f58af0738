//! `POST /v1/auth/verify-email`: proves that an email is one's own, of a new account or in the old one's place.

use http::StatusCode;
use lyceum::app::Needs;
use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::id::UserId;
use lyceum::identity::password::{self, NewPassword};
use lyceum::identity::{email_change, registration};
use lyceum::input::Text;
use lyceum::{Function, Trigger, fields, problem};

pub const FUNCTION: Function =
    Function { name: "verify-email", needs: Needs::database(), trigger: Trigger::Http(|| vec![route()]) };

fn route() -> Route {
    post("/v1/auth/verify-email", Access::Open, handler)
        .named("verify_email", "Verify an email with the token that was mailed to it")
        .answers(&[StatusCode::NO_CONTENT])
        .problems(&[&problem::PASSWORD_REQUIRED, &problem::EMAIL_TAKEN, &problem::INVALID_TOKEN])
        .limited()
}

fields! {
    pub struct Body {
        token: Text<1, 255>,
    }
    optional {
        /// The password of the new account. Needed when the address was registered more than once, which is answered
        /// by 409 `password-required`.
        password: NewPassword,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let (Body { token, password }, request) = request.take_body();
    let token = token.as_str();
    let password_hash = match password {
        Some(password) => Some(hash(&request, token, password).await?),
        None => None,
    };
    let mut tx = request.write().await?;
    let done = if let Some(user) = registration::verify_email(&mut tx, token, password_hash.as_deref()).await? {
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

/// Hashes the password for the account that the token verifies.
///
/// # Errors
/// 422 when the token verifies no new account, or the password is its email or username. The token is not spent.
async fn hash(request: &Request<()>, token: &str, password: NewPassword) -> Result<String> {
    let account = registration::unverified(&mut request.read().await?, token).await?;
    let account = account.ok_or_else(registration::invalid_token)?;
    password.differs_from(&[&account.email, &account.username], "/password")?;
    request.release_connection();
    password::hash(password).await
}
