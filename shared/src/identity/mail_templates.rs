//! Renders a mail that is due. Its token is made only now, so that the outbox contains no secret, and no link expires
//! during an outage.

use super::{email_change, links, recovery, registration};
use crate::error::Result;
use crate::id::UserId;
use crate::mail::{Mailer, Message, Recipient, RenderedMail};
use crate::outbox::{Due, Purpose};
use crate::transaction::Write;

/// Renders a mail, and stores the hash of its token. Commit before sending the mail. Returns `None` if the account was
/// erased, the mail is no longer needed, or it is withheld.
///
/// # Errors
/// Fails with 503 when the database is unavailable.
pub async fn render(write: &mut Write, mailer: &Mailer, due: &Due) -> Result<Option<(Recipient, RenderedMail)>> {
    let purpose = due.purpose()?;
    if due.is_withheld {
        return Ok(None);
    }
    let Some(recipient) = recipient(write, due, purpose).await? else { return Ok(None) };
    let Some(message) = message(write, purpose, due.user_id, &recipient).await? else { return Ok(None) };
    let mail = mailer.render(&recipient, &message)?;
    Ok(Some((recipient, mail)))
}

/// Returns the address, and the name if the address is verified to belong to the user. Anyone can register an address of
/// someone else under a name that is an advertisement.
async fn recipient(write: &mut Write, due: &Due, purpose: Purpose) -> Result<Option<Recipient>> {
    Ok(sqlx::query_as!(
        Recipient,
        r#"SELECT coalesce($2, email) AS "email!",
             CASE WHEN $4 AND NOT is_unverified_registration(u) THEN first_name END AS first_name
           FROM users u WHERE id = $1 AND erased_at IS NULL AND ($3 OR (deleted_at IS NULL AND is_active))"#,
        due.user_id.0,
        due.recipient,
        purpose == Purpose::AccountClosed,
        purpose != Purpose::VerifyNewEmail,
    )
    .fetch_optional(write.connection())
    .await?)
}

/// Returns the content of the mail; `None` if the mail is no longer needed.
async fn message(write: &mut Write, purpose: Purpose, user: UserId, recipient: &Recipient) -> Result<Option<Message>> {
    Ok(match purpose {
        Purpose::VerifyEmail => verification(write, user).await?,
        Purpose::ResendVerification => {
            links::end_verification_links(write, user).await?;
            verification(write, user).await?
        }
        Purpose::VerifyNewEmail if email_change::is_taken(write, &recipient.email).await? => Some(Message::EmailTaken),
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

async fn verification(write: &mut Write, user: UserId) -> Result<Option<Message>> {
    Ok(registration::mint_verification(write, user).await?.map(|token| Message::VerifyEmail { token }))
}
