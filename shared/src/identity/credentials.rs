//! Changing one's own password and email, and closing one's account: each takes the password once more.

use chrono::TimeDelta;

use super::closing;
use super::password::{self, Password, Verdict};
use super::recovery::{end_tokens, invalid_link};
use super::secret_token::{self, SecretToken};
use super::{Email, sessions};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::limits::Limits;
use crate::outbox::{self, Purpose};
use crate::problem;
use crate::transaction::{Read, Write};

/// How long the link to a new email works.
const EMAIL_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// What the caller's password is checked against.
pub struct Credentials {
    pub user_id: UserId,
    pub email: String,
    pub username: String,
    password_hash: String,
}

/// The caller, whose password was checked in this very call. Only [`Credentials::confirm`] makes it.
pub struct Confirmed {
    pub user_id: UserId,
    email: String,
}

/// The caller's credentials, to be confirmed.
///
/// # Errors
/// 401.
pub async fn of_caller(read: &mut Read) -> Result<Credentials> {
    let user = read.user()?;
    sqlx::query_as!(
        Credentials,
        r#"SELECT id AS "user_id: UserId", email, username, password_hash FROM users WHERE id = $1 AND deleted_at IS NULL"#,
        user.0
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("user"))
}

impl Credentials {
    /// Checks the password. No connection should be in hand: it takes its time.
    ///
    /// # Errors
    /// 403 when it is wrong.
    pub async fn confirm(self, password: Password) -> Result<Confirmed> {
        match password::verify(password, Some(self.password_hash)).await? {
            Verdict::Right | Verdict::RightWith(_) => Ok(Confirmed { user_id: self.user_id, email: self.email }),
            Verdict::Wrong => Err(Error::problem(&problem::WRONG_PASSWORD, "This is not your password.")),
        }
    }
}

/// Sets a new password, and ends the caller's other sessions and all links that would still set one.
///
/// # Errors
/// Those of the database.
pub async fn change_password(write: &mut Write, confirmed: &Confirmed, password_hash: &str) -> Result<()> {
    let (user, current) = (confirmed.user_id, write.caller().session_id());
    sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", user.0, password_hash)
        .execute(write.connection())
        .await?;
    end_tokens(write, user).await?;
    forget_email_change(write, user).await?;
    sessions::end_all(write, user, current).await?;
    outbox::put(write, Purpose::PasswordChanged, user).await
}

/// Asks for another email. It takes effect when it is verified; the old address is told now. One that somebody verified
/// already is answered alike: its owner is told.
///
/// # Errors
/// Those of the database.
pub async fn ask_for_email(write: &mut Write, limits: &Limits, confirmed: &Confirmed, new: &Email) -> Result<()> {
    let (user, now) = (confirmed.user_id, write.now());
    if new.as_str() == confirmed.email {
        return forget_email_change(write, user).await; // it stays as it is
    }
    let owner = sqlx::query_scalar!(
        r#"SELECT id AS "id: UserId" FROM users WHERE email = $1 AND is_email_verified"#,
        new.as_str()
    )
    .fetch_optional(write.connection())
    .await?;
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
    if !limits.mail(write, new.as_str()).await? {
        return Ok(());
    }
    match owner {
        Some(owner) => outbox::put(write, Purpose::EmailTaken, owner).await,
        None => outbox::put_to(write, Purpose::VerifyNewEmail, user, Some(new.as_str())).await,
    }
}

/// Makes a token for the email that waits, and ends the old one; none when another one waits by now.
pub(crate) async fn mint_email_change(write: &mut Write, user: UserId, email: &str) -> Result<Option<String>> {
    let token = SecretToken::new()?;
    let expires_at = write.now() + EMAIL_LIFETIME;
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

/// Puts the email for which this token was sent in the old one's place. Works once. An account that registered it
/// meanwhile and never verified it makes way: it is erased, and its id given beside the user's.
///
/// # Errors
/// 422 when the token was used, has expired or never was, or somebody else verified the email first.
pub async fn change_email(write: &mut Write, token: &str) -> Result<(UserId, Option<UserId>)> {
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
    .ok_or_else(invalid_link)?;
    let squatter = sqlx::query_scalar!(
        r#"SELECT id AS "id: UserId" FROM users WHERE email = $1 AND NOT is_email_verified FOR NO KEY UPDATE"#,
        change.email
    )
    .fetch_optional(write.connection())
    .await?;
    if let Some(squatter) = squatter {
        closing::erase(write, squatter).await?;
    }
    sqlx::query!("UPDATE users SET email = $2 WHERE id = $1", change.user_id.0, change.email)
        .execute(write.connection())
        .await?;
    end_tokens(write, change.user_id).await?;
    Ok((change.user_id, squatter))
}

/// The email that the user waits to have verified.
pub(crate) async fn awaited_email(read: &mut Read, user: UserId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("SELECT email FROM email_changes WHERE user_id = $1", user.0)
        .fetch_optional(read.connection())
        .await?)
}

pub(crate) async fn forget_email_change(write: &mut Write, user: UserId) -> Result<()> {
    sqlx::query!("DELETE FROM email_changes WHERE user_id = $1", user.0).execute(write.connection()).await?;
    Ok(())
}
