//! What an operator does from the command line, on the running stack or on any database.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use lyceum::app::{App, Needs};
use lyceum::audit::audit;
use lyceum::config::Settings;
use lyceum::identity::{Email, Username, recovery, users};
use lyceum::input::Faults;
use lyceum::run::Running;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::stack::Environment;

/// Makes an administrator, who has no password until the link that is returned was used: nothing comes with a default
/// password. On a given database, which is brought up to date first, or on the running stack's.
///
/// # Errors
/// When there is no database to be had, or an account with this email or username already.
pub async fn create_administrator(
    data_dir: &Path,
    database_url: Option<&str>,
    email: &str,
    username: Option<&str>,
) -> Result<String> {
    let environment = match database_url {
        Some(url) => {
            let mut owner = PgConnection::connect(url).await.context("the given database does not answer")?;
            lyceum::db::provision(&mut owner, None).await.context("the given role may not make roles")?;
            lyceum::db::migrate(&mut owner).await?;
            owner.close().await?;
            Environment::of_database(url)
        }
        None => Environment::of_running(data_dir)?,
    };
    let username = username.map_or_else(|| username_of(email), ToOwned::to_owned);
    let (email, username): (Email, Username) = (read(email)?, read(&username)?);

    let app = App::start(Settings::from(|name| environment.get(name))?, Needs::database()).await?;
    let mut tx = app.write_as_system().await?;
    let user = users::create_administrator(&mut tx, &email, &username).await?;
    let token = recovery::mint(&mut tx, user).await?.token;
    tx.commit(audit("user.create_administrator", user)).await?;

    let api = environment.get("LYCEUM_URL").unwrap_or_else(|| "https://the-api".to_owned());
    let frontend = environment.get("FRONTEND_URL").unwrap_or_else(|| "https://the-frontend".to_owned());
    Ok(format!(
        "{} is an administrator. To choose the password, within 7 days and once, open\n\n  \
         {frontend}/reset-password?token={token}\n\n\
         or\n\n  \
         curl {api}/v1/auth/reset-password --json '{{\"token\": \"{token}\", \"password\": \"…\"}}'",
        email.as_str()
    ))
}

/// Hands an event to a function of the running stack, and gives its answer.
///
/// # Errors
/// When nothing runs, there is no such function, or it fails.
pub async fn invoke(data_dir: &Path, function: &str, event: Option<&str>) -> Result<Value> {
    let environment = Environment::of_running(data_dir)?;
    let event: Value = event.map_or(Ok(json!({})), serde_json::from_str).context("the event is no JSON")?;
    let known = || lyceum_functions::ALL.iter().map(|function| function.name).collect::<Vec<_>>().join(", ");
    let function = lyceum_functions::ALL.iter().find(|known| known.name == function);
    let function = function.with_context(|| format!("there is no such function; there are: {}", known()))?;
    let app = App::start(Settings::from(|name| environment.get(name))?, function.needs).await?;
    Ok(Running::new(function, Arc::new(app))?.invoke(event).await?)
}

/// What a username may have of an email's part before the `@`.
fn username_of(email: &str) -> String {
    let allowed = |c: &char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = email.split('@').next().unwrap_or_default().chars().filter(allowed).collect();
    if name.chars().count() < 3 { format!("admin-{name}") } else { name }
}

/// Reads an argument as the API reads a field.
fn read<T: deserr::Deserr<Faults>>(text: &str) -> Result<T> {
    deserr::deserialize::<T, _, Faults>(json!(text)).map_err(|faults| anyhow!("{text}: {}", faults.of_body()))
}
