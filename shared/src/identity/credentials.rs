//! What changes an account takes its password once more: confirming it, and changing it.

use super::password::{self, Password, Verdict};
use super::{links, sessions};
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
    password_hash: String,
}

/// The caller, whose password was checked in this very call. Only [`Credentials::confirm`] makes it.
pub struct Confirmed {
    pub user_id: UserId,
    pub(super) email: String,
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
    links::end_password_links(write, user).await?;
    links::end_email_change(write, user).await?;
    sessions::end_all(write, user, current).await?;
    outbox::put(write, Purpose::PasswordChanged, user).await
}
