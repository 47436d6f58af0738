//! Another email for an account: it takes the old one's place once it is verified.

use chrono::TimeDelta;

use super::credentials::{self, Confirmed, Credentials};
use super::secret_token::{self, SecretToken};
use super::{Email, links, registration};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::limits::{Budget, Limits};
use crate::outbox::{self, Purpose};
use crate::problem;
use crate::transaction::{Read, Write};

/// How long the link to a new email works.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Whether the new address may be sent a mail. Asked before the write, which holds no row while it waits for Redis.
///
/// # Errors
/// Those of the database.
pub async fn may_be_mailed(read: &mut Read, limits: &Limits, confirmed: &Confirmed, new: &Email) -> Result<bool> {
    Ok(new.as_str() != confirmed.email && limits.mail(read, Budget::General, new).await?)
}

/// Asks for another email. It takes effect when it is verified; a mail to the old address says so now. The rows that
/// this writes are the same whether or not the new address belongs to an account, and whether or not it may be mailed:
/// which mail goes there is decided when it is written (`mail_templates`), so that nothing that the caller can read tells.
///
/// # Errors
/// Those of the database.
pub async fn ask(write: &mut Write, confirmed: &Confirmed, new: &Email, may_be_mailed: bool) -> Result<()> {
    confirmed.still_holds(write).await?;
    let (user, now) = (confirmed.user_id, write.now());
    if new.as_str() == confirmed.email {
        return links::end_email_change(write, user).await; // it stays as it is
    }
    sqlx::query!(
        "INSERT INTO email_changes (user_id, email, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, token = NULL, expires_at = NULL, created_at = excluded.created_at",
        user.0,
        new.as_str(),
        now,
    )
    .execute(write.connection())
    .await?;
    outbox::put_to(write, Purpose::EmailChangeAsked, user, Some(&confirmed.email)).await?;
    if may_be_mailed {
        outbox::put_to(write, Purpose::VerifyNewEmail, user, Some(new.as_str())).await
    } else {
        outbox::put_withheld(write, Purpose::VerifyNewEmail, user, new.as_str()).await
    }
}

/// Returns whether an account has verified this email.
pub(crate) async fn is_taken(write: &mut Write, email: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users WHERE email = $1 AND is_email_verified) AS "taken!""#,
        email
    )
    .fetch_one(write.connection())
    .await?)
}

/// Makes a token for the email that waits, and ends the old one; none when another one waits by now.
pub(crate) async fn mint(write: &mut Write, user: UserId, email: &str) -> Result<Option<String>> {
    let token = SecretToken::new()?;
    let expires_at = write.now() + LIFETIME;
    let minted = sqlx::query!(
        "UPDATE email_changes SET token = $3, expires_at = $4 WHERE user_id = $1 AND email = $2",
        user.0,
        email,
        token.hash(),
        expires_at
    )
    .execute(write.connection())
    .await?;
    Ok((minted.rows_affected() == 1).then(|| token.reveal()))
}

/// Returns the user who asked for the change that this token confirms, without using the token.
///
/// # Errors
/// 422 when the token was used, has expired or never was.
pub async fn requester(read: &mut Read, token: &str) -> Result<Credentials> {
    let now = read.now();
    let user = sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id: UserId" FROM email_changes WHERE token = $1 AND expires_at > $2"#,
        secret_token::hash(token),
        now,
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(links::invalid)?;
    credentials::of_user(read, user).await
}

/// Puts the email for which this token was sent in the old one's place. Works once.
///
/// An unverified registration of the email makes way when the requester confirmed their password: it is erased, and its
/// id returned beside the user's. The link alone is not enough then. The holder of the mailbox may have registered, and
/// would hand the address to a stranger who asked for the change.
///
/// # Errors
/// 422 when the token was used, has expired or never was; 409 when a registration has the email and the password was not
/// confirmed, and when a verified or an invited account has it. The token is not spent by a 409.
pub async fn change(write: &mut Write, token: &str, confirmed: Option<&Confirmed>) -> Result<(UserId, Option<UserId>)> {
    let now = write.now();
    let change = sqlx::query!(
        r#"DELETE FROM email_changes c USING users u
           WHERE c.token = $1 AND c.expires_at > $2 AND u.id = c.user_id AND u.is_active AND u.deleted_at IS NULL
           RETURNING c.user_id AS "user_id: UserId", c.email"#,
        secret_token::hash(token),
        now,
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(links::invalid)?;
    if let Some(confirmed) = confirmed.filter(|confirmed| confirmed.user_id == change.user_id) {
        confirmed.still_holds(write).await?;
    } else if registration::has(write, &change.email).await? {
        let detail = "This address was registered as well. Enter the password of your account to confirm the change.";
        return Err(Error::problem(&problem::PASSWORD_REQUIRED, detail));
    }
    let erased = registration::make_way(write, &change.email).await?;
    sqlx::query!("UPDATE users SET email = $2 WHERE id = $1", change.user_id.0, change.email)
        .execute(write.connection())
        .await?;
    links::end_password_links(write, change.user_id).await?;
    Ok((change.user_id, erased))
}

/// The email that the user waits to have verified.
pub(crate) async fn awaited(read: &mut Read, user: UserId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("SELECT email FROM email_changes WHERE user_id = $1", user.0)
        .fetch_optional(read.connection())
        .await?)
}
