//! `DELETE /v1/me`: closes one's own account.

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::identity::password::Password;
use lyceum::identity::{closing, credentials};
use lyceum::{fields, problem};

use super::confirm;

pub(super) fn route() -> Route {
    delete("/v1/me", Access::SignedIn, handler)
        .named("close_account", "Close one's own account; what is personal of it is erased after 30 days")
        .problems(&[&problem::WRONG_PASSWORD, &problem::LAST_ADMINISTRATOR])
        .limited()
}

fields! {
    pub struct Body {
        password: Password,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let (Body { password }, request) = request.take_body();
    let own = credentials::of_caller(&mut request.read().await?).await?;
    let confirmed = confirm(&request, own, password).await?;
    let mut tx = request.write().await?;
    closing::close(&mut tx, confirmed.user_id).await?;
    tx.commit(audit("user.close", confirmed.user_id)).await?;
    Ok(Reply::no_content())
}
