//! Signing in: an identifier and a password become a session.

use chrono::TimeDelta;

use super::access_token::{self, Holder};
use super::keys::SigningKey;
use super::password::{self, Password};
use super::secret_token::SecretToken;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::problem;
use crate::transaction::{Read, Write};

/// A session ends after this, however often it is refreshed.
const ABSOLUTE: TimeDelta = TimeDelta::days(90);
/// A refresh token that is not used ends after this.
const IDLE: TimeDelta = TimeDelta::days(30);

/// An account as it stands before the password is checked.
pub struct Account {
    pub id: UserId,
    password_hash: String,
    is_active: bool,
    is_email_verified: bool,
    role: String,
    permissions: Vec<String>,
}

/// What a new session gives its holder.
pub struct Session {
    pub id: SessionId,
    pub access_token: String,
    pub refresh_token: String,
}

/// The account with this email or username, whatever its state.
///
/// # Errors
/// Those of the database.
pub async fn account(read: &mut Read, identifier: &str) -> Result<Option<Account>> {
    let identifier = identifier.trim();
    Ok(sqlx::query_as!(
        Account,
        r#"SELECT u.id AS "id: UserId", u.password_hash, u.is_active, u.is_email_verified, r.name AS role,
             ARRAY(SELECT jsonb_array_elements_text(r.permissions)) AS "permissions!"
           FROM users u JOIN roles r ON r.id = u.role_id
           WHERE (u.email = lower($1) OR lower(u.username) = lower($1)) AND u.deleted_at IS NULL
           LIMIT 1"#,
        identifier,
    )
    .fetch_optional(read.connection())
    .await?)
}

/// Checks the password of the account, or does the same work when there is none. Unverified shows only after
/// the right password.
///
/// # Errors
/// 401 for an unknown account, a wrong password and a suspended account alike; 403 when the email is not
/// verified yet.
pub async fn check(account: Option<Account>, password: Password) -> Result<Account> {
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(password, hash).await?;
    match account {
        Some(account) if right && account.is_active && account.is_email_verified => Ok(account),
        Some(account) if right && account.is_active => Err(Error::problem(
            &problem::EMAIL_NOT_VERIFIED,
            "Open the link in the mail that we sent you, then sign in.",
        )),
        _ => Err(Error::problem(&problem::INVALID_CREDENTIALS, "The email or username, or the password, is wrong.")),
    }
}

/// Opens a session for an account whose password was checked.
///
/// # Errors
/// Those of the database.
pub async fn open_session(write: &mut Write, account: &Account, key: &SigningKey, issuer: &str) -> Result<Session> {
    let now = write.now();
    let context = write.context().clone();
    let id = SessionId::new(now);
    let refresh_token = SecretToken::new()?;
    sqlx::query!(
        "WITH session AS (
           INSERT INTO sessions (id, user_id, ip_address, user_agent, last_used_at, expires_at, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $5) RETURNING id),
         signed_in AS (UPDATE users SET last_login = $5 WHERE id = $2)
         INSERT INTO refresh_tokens (token, session_id, expires_at, created_at) SELECT $7, id, $8, $5 FROM session",
        id.0,
        account.id.0,
        context.address,
        context.user_agent,
        now,
        now + ABSOLUTE,
        refresh_token.hash(),
        now + IDLE,
    )
    .execute(write.connection())
    .await?;
    let holder = Holder { user_id: account.id, session_id: id, role: &account.role, permissions: &account.permissions };
    let access_token = access_token::sign(key, issuer, now, &holder)?;
    Ok(Session { id, access_token, refresh_token: refresh_token.reveal() })
}
