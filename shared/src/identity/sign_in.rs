//! Signing in: an identifier and a password become a session.

use chrono::TimeDelta;

use super::access_token::{self, Holder};
use super::keys::SigningKey;
use super::password::{self, Password, Verdict};
use super::recovery::remember_address;
use super::secret_token::SecretToken;
use super::sessions::{ABSOLUTE, IDLE};
use crate::error::Result;
use crate::id::{SessionId, UserId};
use crate::transaction::{Read, Write};

/// An account is used from an address for so long after it signed in from there.
const KNOWN_FOR: TimeDelta = TimeDelta::days(90);

/// An account as it stands before the password is checked.
pub struct Account {
    pub id: UserId,
    /// Whether it signed in from the caller's address within 90 days.
    pub is_known_here: bool,
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
    let known_since = read.now() - KNOWN_FOR;
    let address = crate::limits::network(read);
    Ok(sqlx::query_as!(
        Account,
        r#"SELECT u.id AS "id: UserId", u.password_hash, u.is_active, u.is_email_verified, r.name AS role,
             ARRAY(SELECT jsonb_array_elements_text(r.permissions)) AS "permissions!",
             EXISTS (SELECT FROM known_addresses k WHERE k.user_id = u.id AND k.ip_address = $2 AND k.seen_at > $3)
               AS "is_known_here!"
           FROM users u JOIN roles r ON r.id = u.role_id
           WHERE (u.email = lower($1) OR lower(u.username) = lower($1)) AND u.deleted_at IS NULL
           LIMIT 1"#,
        identifier,
        address,
        known_since,
    )
    .fetch_optional(read.connection())
    .await?)
}

/// What checking a password came to.
pub enum Checked {
    /// With the hash that is to replace one of an earlier system.
    Right(Account, Option<String>),
    /// The password is right, and the email not verified yet: it may not sign in.
    Unverified,
    /// An unknown account, a wrong password and a suspended account are alike.
    Refused,
}

/// Checks the password of the account, or does the same work when there is none. Unverified shows only after
/// the right password.
///
/// # Errors
/// Only those of the machine.
pub async fn check(account: Option<Account>, password: Password) -> Result<Checked> {
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let verdict = password::verify(password, hash).await?;
    Ok(match (account, verdict) {
        (None, _) | (_, Verdict::Wrong) => Checked::Refused,
        (Some(account), _) if !account.is_active => Checked::Refused,
        (Some(account), _) if !account.is_email_verified => Checked::Unverified,
        (Some(account), Verdict::Right) => Checked::Right(account, None),
        (Some(account), Verdict::RightWith(hash)) => Checked::Right(account, Some(hash)),
    })
}

/// Replaces the hash of an earlier system, unless the password was changed meanwhile.
///
/// # Errors
/// Those of the database.
pub async fn replace_hash(write: &mut Write, account: &Account, hash: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
        account.id.0,
        account.password_hash,
        hash
    )
    .execute(write.connection())
    .await?;
    Ok(())
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
    remember_address(write, account.id).await?;
    let holder = Holder { user_id: account.id, session_id: id, role: &account.role, permissions: &account.permissions };
    let access_token = access_token::sign(key, issuer, now, &holder)?;
    Ok(Session { id, access_token, refresh_token: refresh_token.reveal() })
}
