//! Makes the letter of a mail that is due. Its token is made only now, so that the outbox holds no secret and no link
//! expires during an outage.

use super::{email_change, links, recovery, registration};
use crate::error::Result;
use crate::id::UserId;
use crate::mail::{Mailer, Message, Recipient, RenderedMail};
use crate::outbox::{Due, Purpose};
use crate::transaction::Write;

/// Writes the letter and the hash of its token, which must be committed before the letter is sent. Returns `None` when
/// the account is gone, the matter is settled, or the mail is withheld.
///
/// # Errors
/// 503 when the database is away.
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

/// Returns the address, and the name where the address is known to be that person's: anyone can register an address, or
/// ask for a change to it, under a name that is an advertisement.
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

/// Returns what the mail says; `None` when the matter is settled.
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
