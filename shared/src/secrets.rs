//! Reads and writes secrets in Secrets Manager. A function's role must allow it.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;

use crate::config;
use crate::error::{Error, Result};

/// Returns the secret with this name or ARN.
///
/// # Errors
/// Fails when the secret can't be read.
pub(crate) async fn read(id: &str) -> Result<String> {
    let secret = client().await.get_secret_value().secret_id(id).send().await.map_err(secrets_error)?;
    Ok(secret.secret_string.unwrap_or_default())
}

/// Replaces the secret. Secrets Manager keeps the old value as the previous version.
///
/// # Errors
/// Fails when the secret can't be written.
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
