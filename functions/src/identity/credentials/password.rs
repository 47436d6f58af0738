//! `PUT /v1/me/password`: another password; the other sessions end.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::identity::credentials;
use lyceum::identity::password::{self, NewPassword, Password};
use lyceum::{fields, problem};

use super::confirm;

pub(super) fn route() -> Route {
    put("/v1/me/password", Access::SignedIn, handler)
        .named("change_password", "Change one's own password; the other sessions end")
        .answers(&[StatusCode::NO_CONTENT])
        .problems(&[&problem::WRONG_PASSWORD])
        .limited()
}

fields! {
    pub struct Body {
        current_password: Password,
        new_password: NewPassword,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let (Body { current_password, new_password }, request) = request.take_body();
    let own = credentials::of_caller(&mut request.read().await?).await?;
    new_password.differs_from(&[&own.email, &own.username], "/new_password")?;
    let confirmed = confirm(&request, own, current_password).await?;
    request.release_connection();
    let hash = password::hash(new_password).await?;
    let mut tx = request.write().await?;
    credentials::change_password(&mut tx, &confirmed, &hash).await?;
    tx.commit(audit("user.change_password", confirmed.user_id)).await?;
    Ok(Reply::no_content())
}
