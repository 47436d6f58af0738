//! From a mail that is due to a letter: the token is made only now, so that the outbox holds no secret, and an
//! outage never outlives a link.

use super::registration;
use crate::error::Result;
use crate::mail::{Letter, Mailer, Recipient};
use crate::outbox::{Due, Purpose};
use crate::transaction::Write;

/// Writes the letter, and notes the hash of its token, which is to be committed before the letter is sent. None
/// when there is nobody to write to any more, or nothing left to say.
///
/// # Errors
/// Those of the database.
pub async fn write(write: &mut Write, mailer: &Mailer, due: &Due) -> Result<Option<(Recipient, Letter)>> {
    let recipient = sqlx::query_as!(
        Recipient,
        "SELECT email, first_name, last_name FROM users WHERE id = $1 AND deleted_at IS NULL AND is_active",
        due.user_id.0
    )
    .fetch_optional(write.connection())
    .await?;
    let Some(recipient) = recipient else { return Ok(None) };
    let letter = match due.purpose {
        Purpose::VerifyEmail => match registration::mint_verification(write, due.user_id).await? {
            Some(token) => mailer.verify_email(&recipient, &token)?,
            None => return Ok(None),
        },
        Purpose::EmailTaken => mailer.email_taken(&recipient)?,
    };
    Ok(Some((recipient, letter)))
}
