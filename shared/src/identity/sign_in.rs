//! Signing in: an identifier and a password become a session.

use chrono::TimeDelta;

use super::Identifier;
use super::access_token::{self, Holder};
use super::keys::SigningKey;
use super::password::{self, Password, Verdict};
use super::recovery::remember_address;
use super::secret_token::SecretToken;
use super::sessions::{ABSOLUTE, IDLE};
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::transaction::{Read, Write};

/// How long an address is known to an account after it signed in from there.
pub(super) const KNOWN_FOR: TimeDelta = TimeDelta::days(90);

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

/// Returns the account with this email or username, in any state.
///
/// # Errors
/// 503 when the database is away.
pub async fn account(read: &mut Read, identifier: &Identifier) -> Result<Option<Account>> {
    let known_since = read.now() - KNOWN_FOR;
    let address = crate::limits::network(read);
    Ok(sqlx::query_as!(
        Account,
        r#"SELECT u.id AS "id: UserId", u.password_hash, u.is_active, u.is_email_verified, r.name AS role,
             ARRAY(SELECT jsonb_array_elements_text(r.permissions)) AS "permissions!",
             EXISTS (SELECT FROM known_addresses k WHERE k.user_id = u.id AND k.ip_address = $2 AND k.seen_at > $3)
               AS "is_known_here!"
           FROM users u JOIN roles r ON r.id = u.role_id
           WHERE (u.email = $1 OR u.normalized_username = $1) AND u.deleted_at IS NULL
           LIMIT 1"#,
        identifier.as_str(),
        address,
        known_since,
    )
    .fetch_optional(read.connection())
    .await?)
}

/// An account whose password was right, and the hash that replaces one of an earlier system.
pub struct Checked {
    pub account: Account,
    pub new_hash: Option<String>,
}

/// Checks the password of the account, and does the same work when there is none. Returns `None` for an unknown account,
/// a wrong password, a suspended account and an unverified email: a difference would tell who has an account.
///
/// # Errors
/// 500 when the hash can't be computed.
pub async fn check(account: Option<Account>, password: Password) -> Result<Option<Checked>> {
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let verdict = password::verify(password, hash).await?;
    let Some(account) = account.filter(|account| account.is_active && account.is_email_verified) else {
        return Ok(None);
    };
    Ok(match verdict {
        Verdict::Wrong => None,
        Verdict::Right => Some(Checked { account, new_hash: None }),
        Verdict::RightWith(hash) => Some(Checked { account, new_hash: Some(hash) }),
    })
}

/// Opens a session for an account whose password was checked, and replaces the hash of an earlier system.
///
/// # Errors
/// When the account changed while its password was checked, so that it is to be checked again: no login that was under
/// way outlives a reset.
pub async fn open_session(
    write: &mut Write,
    account: &Account,
    new_hash: Option<&str>,
    key: &SigningKey,
    issuer: &str,
) -> Result<Session> {
    let now = write.now();
    let context = write.context().clone();
    let id = SessionId::new(now);
    let refresh_token = SecretToken::new()?;
    let opened = sqlx::query!(
        "WITH account AS (
           UPDATE users SET last_login = $5, password_hash = coalesce($10, password_hash)
           WHERE id = $2 AND password_hash = $9 AND is_active AND is_email_verified AND deleted_at IS NULL
           RETURNING id),
         session AS (
           INSERT INTO sessions (id, user_id, ip_address, user_agent, last_used_at, expires_at, created_at)
           SELECT $1, id, $3, $4, $5, $6, $5 FROM account RETURNING id)
         INSERT INTO refresh_tokens (token, session_id, expires_at, created_at) SELECT $7, id, $8, $5 FROM session",
        id.0,
        account.id.0,
        context.address,
        context.user_agent,
        now,
        now + ABSOLUTE,
        refresh_token.hash(),
        now + IDLE,
        account.password_hash,
        new_hash,
    )
    .execute(write.connection())
    .await?;
    if opened.rows_affected() == 0 {
        return Err(Error::Retry("the account changed while its password was checked".into()));
    }
    remember_address(write, account.id).await?;
    let holder = Holder { user_id: account.id, session_id: id, role: &account.role, permissions: &account.permissions };
    let access_token = access_token::sign(key, issuer, now, &holder)?;
    Ok(Session { id, access_token, refresh_token: refresh_token.reveal() })
}
