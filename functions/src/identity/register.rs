//! `POST /v1/auth/register`: a new account, which its mail makes usable.

use http::StatusCode;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::function::{Grant, QueueName};
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::password::{self, NewPassword};
use lyceum::identity::registration::{self, Registered, Registration};
use lyceum::identity::{Email, Username};
use lyceum::input::Text;
use lyceum::{Function, fields, problem};

pub const FUNCTION: Function =
    Function::http("register", || vec![route()]).hashes_passwords().may(&[Grant::Wake(QueueName::Mail)]);

fn route() -> Route {
    post("/v1/auth/register", Access::Open, handler)
        .named("register", "Register; the answer is the same whether or not the email is known")
        .answers(&[StatusCode::ACCEPTED])
        .problems(&[&problem::USERNAME_TAKEN])
        .limited()
}

fields! {
    pub struct Body {
        email: Email,
        username: Username,
        password: NewPassword,
        first_name: Text<1, 255>,
        last_name: Text<1, 255>,
    }
}

async fn handler(request: Request<Body>) -> Result<Reply> {
    let (body, request) = request.take_body();
    body.password.differs_from(&[body.email.as_str(), body.username.as_str()], "/password")?;
    let mut read = request.read().await?;
    registration::check_username(&mut read, &body.username, &body.email).await?; // a refusal spends no mail
    let may_be_mailed = request.app().limits.registration_mail(&mut read, &body.email).await?;
    drop(read);
    request.release_connection();
    let password_hash = password::hash(body.password).await?; // before the transaction, and for every result
    let registration = Registration {
        email: body.email,
        username: body.username,
        password_hash,
        first_name: body.first_name.into(),
        last_name: body.last_name.into(),
    };
    let mut tx = request.write().await?;
    let done = match registration::register(&mut tx, &registration, may_be_mailed).await? {
        Registered::Account(user) => audit("user.register", user).by(user),
        Registered::Contested(user) | Registered::EmailTaken(user) => audit("user.register_again", user),
    };
    tx.commit(done).await?;
    Ok(Reply::accepted())
}
