//! `POST /v1/auth/resend-verification`: another mail with a link, for whoever waits for one.

use http::StatusCode;
use lyceum::Function;
use lyceum::error::Result;
use lyceum::function::{Grant, QueueName};
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::registration;

use super::forgot_password::{Body, asked};

pub const FUNCTION: Function =
    Function::http("resend-verification", || vec![route()]).may(&[Grant::Wake(QueueName::Mail)]);

fn route() -> Route {
    post("/v1/auth/resend-verification", Access::Open, handler)
        .named("resend_verification", "Ask for another mail to verify an email; the answer is always the same")
        .answers(&[StatusCode::ACCEPTED])
        .limited()
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let mut tx = request.write().await?;
    let user = registration::resend(&mut tx, &request.app().limits, &request.body.email).await?;
    asked(tx, "user.resend_verification", user).await
}
