//! Confirming the password once more, and what takes that: another password, and closing the account.

use super::password::{self, Password, Verdict};
use super::{closing, links, sessions, sign_in};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::outbox::{self, Purpose};
use crate::problem;
use crate::transaction::{Read, Write};

/// What the caller's password is checked against.
pub struct Credentials {
    pub user_id: UserId,
    pub email: String,
    pub username: String,
    /// Whether the account signed in from the caller's address within 90 days.
    pub is_known_here: bool,
    password_hash: String,
}

/// The caller, whose password was checked in this very call. Only [`Credentials::confirm`] makes it.
pub struct Confirmed {
    pub user_id: UserId,
    pub(super) email: String,
    password_hash: String,
}

/// The caller's credentials, to be confirmed.
///
/// # Errors
/// 401.
pub async fn of_caller(read: &mut Read) -> Result<Credentials> {
    let user = read.user()?;
    of_user(read, user).await
}

/// The credentials of that user, to be confirmed.
pub(super) async fn of_user(read: &mut Read, user: UserId) -> Result<Credentials> {
    let (address, known_since) = (crate::limits::network(read), read.now() - sign_in::KNOWN_FOR);
    sqlx::query_as!(
        Credentials,
        r#"SELECT id AS "user_id: UserId", email, username, password_hash,
             EXISTS (SELECT FROM known_addresses k WHERE k.user_id = u.id AND k.ip_address = $2 AND k.seen_at > $3)
               AS "is_known_here!"
           FROM users u WHERE id = $1 AND deleted_at IS NULL"#,
        user.0,
        address,
        known_since,
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("user"))
}

impl Credentials {
    /// Checks the password. No read or write should be open: it takes its time.
    ///
    /// # Errors
    /// 403 when it is wrong.
    pub async fn confirm(self, password: Password) -> Result<Confirmed> {
        let Self { user_id, email, password_hash, .. } = self;
        match password::verify(password, Some(password_hash.clone())).await? {
            Verdict::Right | Verdict::RightWith(_) => Ok(Confirmed { user_id, email, password_hash }),
            Verdict::Wrong => Err(Error::problem(&problem::WRONG_PASSWORD, "This is not your password.")),
        }
    }
}

impl Confirmed {
    /// Demands that the password that was checked is still the one, and holds it until the commit: nobody who lost the
    /// account to a reset meanwhile changes it after that.
    ///
    /// # Errors
    /// When it is another, so that it is to be checked again.
    pub(super) async fn still_holds(&self, write: &mut Write) -> Result<()> {
        sqlx::query_scalar!(
            r#"SELECT id AS "id: UserId" FROM users WHERE id = $1 AND password_hash = $2 AND deleted_at IS NULL
               FOR NO KEY UPDATE"#,
            self.user_id.0,
            self.password_hash,
        )
        .fetch_optional(write.connection())
        .await?
        .map(drop)
        .ok_or_else(|| Error::Retry("the password changed while it was checked".into()))
    }
}

/// Closes the caller's account.
///
/// # Errors
/// 409 for the last administrator.
pub async fn close(write: &mut Write, confirmed: &Confirmed) -> Result<()> {
    confirmed.still_holds(write).await?;
    closing::close(write, confirmed.user_id).await
}

/// Sets a new password, and ends the caller's other sessions and all links that would still set one.
///
/// # Errors
/// Those of the database.
pub async fn change_password(write: &mut Write, confirmed: &Confirmed, password_hash: &str) -> Result<()> {
    confirmed.still_holds(write).await?;
    let (user, current) = (confirmed.user_id, write.caller().session_id());
    sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", user.0, password_hash)
        .execute(write.connection())
        .await?;
    links::end_password_links(write, user).await?;
    links::end_email_change(write, user).await?;
    sessions::end_all(write, user, current).await?;
    outbox::put(write, Purpose::PasswordChanged, user).await
}
