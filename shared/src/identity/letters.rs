//! From a mail that is due to a letter: the token is made only now, so that the outbox holds no secret, and an
//! outage never outlives a link.

use super::{email_change, recovery, registration};
use crate::error::Result;
use crate::mail::{Letter, Mailer, Message, Recipient};
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
        r#"SELECT coalesce($2, email) AS "email!", first_name, last_name FROM users
           WHERE id = $1 AND erased_at IS NULL AND ($3 OR (deleted_at IS NULL AND is_active))"#,
        due.user_id.0,
        due.recipient,
        due.purpose == Purpose::AccountClosed,
    )
    .fetch_optional(write.connection())
    .await?;
    let Some(recipient) = recipient else { return Ok(None) };
    let Some(message) = message(write, due, &recipient).await? else { return Ok(None) };
    let letter = mailer.write(&recipient, &message)?;
    Ok(Some((recipient, letter)))
}

/// What there is to say; none when the matter is settled.
async fn message(write: &mut Write, due: &Due, recipient: &Recipient) -> Result<Option<Message>> {
    let user = due.user_id;
    Ok(match due.purpose {
        Purpose::VerifyEmail => {
            registration::mint_verification(write, user).await?.map(|token| Message::VerifyEmail { token })
        }
        Purpose::VerifyNewEmail => {
            email_change::mint(write, user, &recipient.email).await?.map(|token| Message::VerifyNewEmail { token })
        }
        Purpose::EmailChangeAsked => {
            email_change::awaited(write, user).await?.map(|new| Message::EmailChangeAsked { new })
        }
        Purpose::ResetPassword => {
            let recovery::Minted { token, is_invitation } = recovery::mint(write, user).await?;
            Some(if is_invitation { Message::Invitation { token } } else { Message::ResetPassword { token } })
        }
        Purpose::EmailTaken => Some(Message::EmailTaken),
        Purpose::PasswordChanged => Some(Message::PasswordChanged),
        Purpose::AccountClosed => Some(Message::AccountClosed),
    })
}
