//! The links that were mailed to a person, and how they end before they are used.

use crate::error::{Error, Fault, Result};
use crate::id::UserId;
use crate::problem;
use crate::transaction::Write;

/// Ends the links that would still set the password.
pub(crate) async fn end_password_links(write: &mut Write, user: UserId) -> Result<()> {
    let now = write.now();
    sqlx::query!("UPDATE password_reset_tokens SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL", user.0, now)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Ends the links that would still verify the email of a registration.
pub(crate) async fn end_verification_links(write: &mut Write, user: UserId) -> Result<()> {
    sqlx::query!("DELETE FROM email_verification_tokens WHERE user_id = $1", user.0)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Ends the change of email that waits, if one does.
pub(crate) async fn end_email_change(write: &mut Write, user: UserId) -> Result<()> {
    sqlx::query!("DELETE FROM email_changes WHERE user_id = $1", user.0).execute(write.connection()).await?;
    Ok(())
}

/// The error for a link that was used, has expired, or was replaced.
pub(crate) fn invalid() -> Error {
    let detail = "The link was used, has expired, or was replaced by a newer one. Ask for a new one.";
    Error::unprocessable(&problem::INVALID_TOKEN, Fault::at("/token", "invalid_token", detail))
}
