//! Secrets Manager, for the functions that were given the right to a secret.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;

use crate::config;
use crate::error::{Error, Result};

/// The secret of that name or ARN.
///
/// # Errors
/// When it can't be had.
pub(crate) async fn read(id: &str) -> Result<String> {
    let secret = client().await.get_secret_value().secret_id(id).send().await.map_err(secrets_error)?;
    Ok(secret.secret_string.unwrap_or_default())
}

/// Puts another in its place; the one before is kept as its former version.
///
/// # Errors
/// When it can't be written.
pub(crate) async fn replace(id: &str, content: &str) -> Result<()> {
    client().await.put_secret_value().secret_id(id).secret_string(content).send().await.map_err(secrets_error)?;
    Ok(())
}

async fn client() -> Client {
    Client::new(&config::aws().await)
}

fn secrets_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal(DisplayErrorContext(error).to_string())
}
