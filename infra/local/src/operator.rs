//! The operator's commands, on the running stack or on any database.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use lyceum::app::{App, Needs};
use lyceum::audit::audit;
use lyceum::config::Settings;
use lyceum::identity::{Email, Username, recovery, users};
use lyceum::input::Faults;
use lyceum::learning::check::{self, Checked};
use lyceum::run::Running;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::stack::Environment;
use crate::trigger::{self, Invoke};

#[cfg(test)]
mod tests;

/// Creates an administrator without a password, and returns a text with the link to choose one: no account has a
/// default password. Uses the given database, after applying missing migrations, or that of the running stack.
///
/// # Errors
/// Fails when the database can't be reached, or an account with this email or username exists.
pub async fn create_administrator(
    data_dir: &Path,
    database_url: Option<&str>,
    email: &str,
    username: Option<&str>,
) -> Result<String> {
    // Validated before anything is changed.
    let email: Email = read(email)?;
    let username = username.or_else(|| email.as_str().split('@').next()).unwrap_or_default();
    let username: Username = read(username).context("choose another with --username")?;
    let environment = match database_url {
        Some(url) => {
            let mut owner = PgConnection::connect(url).await.context("the given database does not answer")?;
            lyceum::db::provision(&mut owner, None).await.context("the given role can't create roles")?;
            lyceum::db::migrate(&mut owner).await?;
            owner.close().await?;
            Environment::of_database(url)
        }
        None => Environment::of_running(data_dir)?,
    };

    let app = App::start(Settings::from(|name| environment.get(name))?, Needs::database()).await?;
    let mut tx = app.write_as_system().await?;
    let user = users::create_administrator(&mut tx, &email, &username).await?;
    let token = recovery::mint(&mut tx, user).await?.token;
    tx.commit(audit("user.create_administrator", user)).await?;

    let api = environment.get("LYCEUM_URL").unwrap_or_else(|| "https://the-api".to_owned());
    let frontend = environment.get("FRONTEND_URL").unwrap_or_else(|| "https://the-frontend".to_owned());
    Ok(format!(
        "{} is an administrator. The link to choose the password works once, within 7 days. Open\n\n  \
         {frontend}/reset-password?token={token}\n\n\
         or\n\n  \
         curl {api}/v1/auth/reset-password --json '{{\"token\": \"{token}\", \"password\": \"…\"}}'",
        email.as_str()
    ))
}

/// Recomputes every learner's progress, in the given database or that of the running stack. Returns a summary.
///
/// # Errors
/// Fails when the database can't be reached, or when percentages differ, with a line for each.
pub async fn check_progress(data_dir: &Path, database_url: Option<&str>) -> Result<String> {
    let url = match database_url {
        Some(url) => url.to_owned(),
        None => Environment::of_running(data_dir)?.get("DATABASE_OWNER_URL").context("the stack has no database")?,
    };
    let mut owner = PgConnection::connect(&url).await.context("the database does not answer")?;
    let Checked { enrollments, waiting, differences } = check::check(&mut owner).await?;
    owner.close().await?;
    let lines: Vec<_> = differences
        .iter()
        .map(|one| {
            let stored = format!("{} {}", one.status, one.completion_percentage);
            let recomputed = format!("{} {}", one.recomputed_status, one.recomputed);
            format!("enrolment {} is {stored}, but should be {recomputed}", one.enrollment_id)
        })
        .collect();
    ensure!(lines.is_empty(), "{}\n{} of {enrollments} enrolments differ.", lines.join("\n"), lines.len());
    Ok(format!("Checked {enrollments} enrolments: no differences. {waiting} wait to be recomputed after an edit."))
}

/// Invokes a function of the running stack and returns its response.
///
/// # Errors
/// Fails when no stack is running, the function doesn't exist, or it fails.
pub async fn invoke(data_dir: &Path, function: &str, event: Option<&str>) -> Result<Value> {
    let event: Value = event.map_or(Ok(json!({})), serde_json::from_str).context("the event is not JSON")?;
    Ok(running(data_dir, function).await?.invoke(event).await?)
}

/// Prepares a function with the environment of the running stack.
async fn running(data_dir: &Path, function: &str) -> Result<Running> {
    let environment = Environment::of_running(data_dir)?;
    let known = || lyceum_functions::ALL.iter().map(|function| function.name).collect::<Vec<_>>().join(", ");
    let function = lyceum_functions::ALL.iter().find(|known| known.name == function);
    let function = function.with_context(|| format!("no such function; choose one of: {}", known()))?;
    let app = App::start(Settings::from(|name| environment.get(name))?, function.needs).await?;
    Ok(Running::new(function, Arc::new(app))?)
}

/// Invokes a function of the running stack again with the events that it failed to handle.
///
/// # Errors
/// Fails when no stack is running, the function doesn't exist, or it fails again.
pub async fn redrive(data_dir: &Path, function: &str) -> Result<String> {
    let running = Arc::new(running(data_dir, function).await?);
    let invoke: Invoke = Arc::new(move |event| {
        let running = running.clone();
        Box::pin(async move { Ok(running.invoke(event).await?) })
    });
    match trigger::redrive(&trigger::failures_of(data_dir, function), &invoke).await? {
        0 => Ok("There are no failed events.".to_owned()),
        count => Ok(format!("Failed events handled: {count}.")),
    }
}

/// Parses an argument by the rules of the API's field.
fn read<T: deserr::Deserr<Faults>>(text: &str) -> Result<T> {
    deserr::deserialize::<T, _, Faults>(json!(text)).map_err(|faults| anyhow!("{text}: {}", faults.of_body()))
}
