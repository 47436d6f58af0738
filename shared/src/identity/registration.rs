//! Registering, and proving that the email is one's own.

use chrono::TimeDelta;

use super::email::{Email, Username};
use super::password::NO_PASSWORD;
use super::secret_token::{self, SecretToken};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::limits::Limits;
use crate::outbox::{self, Purpose};
use crate::problem;
use crate::transaction::Write;

/// How long a verification link works.
const VERIFICATION_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Who wants an account. The password is hashed already: no transaction is held for that long.
pub struct Registration {
    pub email: Email,
    pub username: Username,
    pub password_hash: String,
    pub first_name: String,
    pub last_name: String,
}

/// What a registration came to. Callers are told the same of all of them.
pub enum Registered {
    /// A new account, or one whose email was never verified, registered anew.
    Account(UserId),
    /// The email is somebody's: they are told by mail, or invited once more, and the username is held.
    EmailTaken(UserId),
}

/// Registers a student, and puts the mail that follows into the outbox.
///
/// # Errors
/// 409 when the username is taken or held, by whichever email.
pub async fn register(write: &mut Write, limits: &Limits, new: &Registration) -> Result<Registered> {
    let email = new.email.as_str();
    let username = new.username.as_str();
    let taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users WHERE lower(username) = lower($1) AND email <> $2)
             OR EXISTS (SELECT FROM users WHERE lower(username) = lower($1) AND is_email_verified)
             OR EXISTS (SELECT FROM username_holds WHERE lower(username) = lower($1) AND email <> $2) AS "taken!""#,
        username,
        email,
    )
    .fetch_one(write.connection())
    .await?;
    if taken {
        return Err(Error::problem(&problem::USERNAME_TAKEN, "This username is taken; choose another."));
    }
    let now = write.now();
    let account = sqlx::query_scalar!(
        r#"INSERT INTO users (id, email, username, password_hash, first_name, last_name, role_id, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, (SELECT id FROM roles WHERE name = 'student'), $7)
           ON CONFLICT (email) DO UPDATE SET
             username = excluded.username, password_hash = excluded.password_hash,
             first_name = excluded.first_name, last_name = excluded.last_name, role_id = excluded.role_id,
             email_verification_token = NULL, email_verification_expires_at = NULL
           WHERE NOT users.is_email_verified AND users.deleted_at IS NULL AND users.is_active
             AND users.password_hash <> $8
           RETURNING id AS "id: UserId""#,
        UserId::new(now).0,
        email,
        username,
        new.password_hash,
        new.first_name,
        new.last_name,
        now,
        NO_PASSWORD, // whoever was invited, perhaps to a role, gets in by the invitation alone
    )
    .fetch_optional(write.connection())
    .await?;
    if let Some(user) = account {
        if limits.mail(write, Purpose::VerifyEmail, email).await? {
            outbox::put(write, Purpose::VerifyEmail, user).await?;
        }
        return Ok(Registered::Account(user));
    }
    let owner = sqlx::query!(
        r#"WITH held AS (
             INSERT INTO username_holds (email, username) VALUES ($1, $2)
             ON CONFLICT (email) DO UPDATE SET username = excluded.username)
           SELECT id AS "id: UserId", password_hash = $3 AS "is_invited!" FROM users WHERE email = $1"#,
        email,
        username,
        NO_PASSWORD,
    )
    .fetch_one(write.connection())
    .await?;
    let purpose = if owner.is_invited { Purpose::ResetPassword } else { Purpose::EmailTaken };
    if limits.mail(write, purpose, email).await? {
        outbox::put(write, purpose, owner.id).await?;
    }
    Ok(Registered::EmailTaken(owner.id))
}

/// Makes a new verification token for the user and ends the old one; none when the email is verified by now.
///
/// # Errors
/// Those of the database.
pub(crate) async fn mint_verification(write: &mut Write, user: UserId) -> Result<Option<String>> {
    let token = SecretToken::new()?;
    let expires_at = write.now() + VERIFICATION_LIFETIME;
    let minted = sqlx::query!(
        "UPDATE users SET email_verification_token = $2, email_verification_expires_at = $3
         WHERE id = $1 AND NOT is_email_verified AND deleted_at IS NULL",
        user.0,
        token.hash(),
        expires_at,
    )
    .execute(write.connection())
    .await?;
    Ok((minted.rows_affected() == 1).then(|| token.reveal()))
}

/// Puts another mail with a link into the outbox, when there is such an account and it waits to be verified; tells
/// whose it is.
///
/// # Errors
/// Those of the database.
pub async fn resend(write: &mut Write, limits: &Limits, email: &Email) -> Result<Option<UserId>> {
    write.wake_outbox(); // for nothing, too: waking takes its time, which would tell
    let user = sqlx::query_scalar!(
        r#"SELECT id AS "id: UserId" FROM users
           WHERE email = $1 AND NOT is_email_verified AND is_active AND deleted_at IS NULL"#,
        email.as_str()
    )
    .fetch_optional(write.connection())
    .await?;
    if let Some(user) = user
        && limits.mail(write, Purpose::VerifyEmail, email.as_str()).await?
    {
        outbox::put(write, Purpose::VerifyEmail, user).await?;
    }
    Ok(user)
}

/// Verifies the email of a new account for which this token was sent, if it was. Works once.
///
/// # Errors
/// Those of the database.
pub async fn verify_email(write: &mut Write, token: &str) -> Result<Option<UserId>> {
    let now = write.now();
    Ok(sqlx::query_scalar!(
        r#"UPDATE users SET is_email_verified = true, email_verification_token = NULL, email_verification_expires_at = NULL
           WHERE email_verification_token = $1 AND email_verification_expires_at > $2 AND deleted_at IS NULL
           RETURNING id AS "id: UserId""#,
        secret_token::hash(token),
        now,
    )
    .fetch_optional(write.connection())
    .await?)
}
