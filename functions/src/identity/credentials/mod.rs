//! One's own password, email and account: each call takes the password once more.

mod close;
mod email;
mod password;

use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::function::{Grant, QueueName};
use lyceum::http::{Request, Route};
use lyceum::identity::Identifier;
use lyceum::identity::credentials::{Confirmed, Credentials};
use lyceum::identity::password::Password;
use lyceum::{Error, Function};

pub const FUNCTION: Function =
    Function::http("credentials", routes).hashes_passwords().may(&[Grant::Wake(QueueName::Mail)]);

fn routes() -> Vec<Route> {
    vec![close::route(), email::route(), password::route()]
}

/// Confirms the caller's password. Attempts are limited: a stolen session must not become the password.
pub(super) async fn confirm(request: &Request<()>, credentials: Credentials, password: Password) -> Result<Confirmed> {
    let (user, limits) = (credentials.user_id, &request.app().limits);
    let identifier = Identifier::of_user(user);
    let guess = limits.guess(&mut request.read().await?, &identifier, credentials.is_known_here).await?;
    request.release_connection();
    match credentials.confirm(password).await {
        Ok(confirmed) => {
            limits.guessed(&mut request.read().await?, &guess).await?;
            Ok(confirmed)
        }
        Err(refusal @ Error::Problem(_)) => {
            request.write().await?.commit(audit("user.refuse_password", user)).await?;
            Err(refusal)
        }
        Err(fault) => Err(fault),
    }
}
