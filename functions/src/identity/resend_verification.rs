//! `POST /v1/auth/resend-verification`: another mail with a link, for whoever waits for one.

use http::StatusCode;
use lyceum::app::Needs;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::registration;
use lyceum::outbox::Purpose;
use lyceum::{Function, Trigger};

use super::forgot_password::{Body, asked};

pub const FUNCTION: Function = Function {
    name: "resend-verification",
    needs: Needs::database().and_mail_queue(),
    trigger: Trigger::Http(|| vec![route()]),
};

fn route() -> Route {
    post("/v1/auth/resend-verification", Access::Open, handler)
        .named("resend_verification", "Ask for another mail to verify an email; the answer is always the same")
        .answers(&[StatusCode::ACCEPTED])
        .limited()
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let mut tx = request.write().await?;
    let email = &request.body.email;
    let may_mail = request.app().limits.mail(&mut tx, Purpose::VerifyEmail, email.as_str()).await?;
    let user = if may_mail { registration::resend(&mut tx, email).await? } else { None };
    asked(tx, "user.resend_verification", user).await
}
