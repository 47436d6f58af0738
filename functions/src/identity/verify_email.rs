//! `POST /v1/auth/verify-email`: proves that an email is one's own, of a new account or in the old one's place.

use http::StatusCode;
use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::id::UserId;
use lyceum::identity::credentials::Confirmed;
use lyceum::identity::password::{self, NewPassword};
use lyceum::identity::{email_change, registration};
use lyceum::input::Text;
use lyceum::{Function, fields, problem};

use super::credentials::confirm;

pub const FUNCTION: Function = Function::http("verify-email", || vec![route()]);

fn route() -> Route {
    post("/v1/auth/verify-email", Access::Open, handler)
        .named("verify_email", "Verify an email with the token that was mailed to it")
        .answers(&[StatusCode::NO_CONTENT])
        .problems(&[
            &problem::WRONG_PASSWORD,
            &problem::PASSWORD_REQUIRED,
            &problem::EMAIL_TAKEN,
            &problem::INVALID_TOKEN,
        ])
        .limited()
}

fields! {
    pub struct Body {
        token: Text<1, 255>,
    }
    optional {
        /// Needed after 409 `password-required`: the password that the new account gets, or, for a change of email, the
        /// password of the account.
        password: NewPassword,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let (Body { token, password }, request) = request.take_body();
    let token = token.as_str();
    let password = match password {
        Some(password) => Some(check(&request, token, password).await?),
        None => None,
    };
    let (new_hash, confirmed) = match password {
        Some(Checked::OfNewAccount(hash)) => (Some(hash), None),
        Some(Checked::OfRequester(confirmed)) => (None, Some(confirmed)),
        None => (None, None),
    };
    let mut tx = request.write().await?;
    let done = if let Some(user) = registration::verify_email(&mut tx, token, new_hash.as_deref()).await? {
        audit("user.verify_email", user).by(user).changed(Changes::field("is_email_verified", false, true))
    } else {
        let (user, erased) = email_change::change(&mut tx, token, confirmed.as_ref()).await?;
        let changes = Changes::personal("email");
        let changes = if erased.is_some() { changes.and("erased_account", erased, None::<UserId>) } else { changes };
        audit("user.change_email", user).by(user).changed(changes)
    };
    tx.commit(done).await?;
    Ok(Reply::no_content())
}

/// The password that came with a token.
enum Checked {
    /// The first password of a new account, hashed.
    OfNewAccount(String),
    /// The password of the user who asked for another email.
    OfRequester(Confirmed),
}

/// Hashes the password for the account that the token verifies, or confirms it for the user who asked for another email.
///
/// # Errors
/// 422 for any other token, and when the new password is the account's email or username; 403 when it is not the
/// requester's. The token is not spent.
async fn check(request: &Request<()>, token: &str, password: NewPassword) -> Result<Checked> {
    let mut read = request.read().await?;
    let Some(account) = registration::unverified(&mut read, token).await? else {
        let requester = email_change::requester(&mut read, token).await?;
        drop(read);
        return confirm(request, requester, password.into()).await.map(Checked::OfRequester);
    };
    drop(read);
    password.differs_from(&[&account.email, &account.username], "/password")?;
    request.release_connection();
    password::hash(password).await.map(Checked::OfNewAccount)
}
