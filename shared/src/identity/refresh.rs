//! Refresh tokens: each is spent by its use, which gives the next one (RFC 9700, section 4.14.2). One that is used
//! again, but for an honest double click, was stolen on one side: the session ends.

use chrono::{DateTime, TimeDelta, Utc};

use super::access_token::{self, Holder};
use super::keys::SigningKey;
use super::secret_token::{self, SecretToken};
use super::sessions::IDLE;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::problem;
use crate::transaction::Write;

/// So long after its use, and while no successor was used, a spent token gives another pair: two tabs, a lost answer.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What a refresh token came to.
pub enum Refreshed {
    /// The next pair of the session.
    Pair { session_id: SessionId, user_id: UserId, access_token: String, refresh_token: String },
    /// It had been spent before: the session has ended, which is to be committed.
    Reused { session_id: SessionId, user_id: UserId },
}

struct Presented {
    session_id: SessionId,
    user_id: UserId,
    used_at: Option<DateTime<Utc>>,
    /// Whether a token that it gave was used already.
    outrun: bool,
    role: String,
    permissions: Vec<String>,
}

/// Spends the token. Of many at once each sees what the one before did: the session is locked first.
///
/// # Errors
/// 401 when the token is unknown or has expired, or its session or user is gone.
pub async fn refresh(write: &mut Write, token: &str, key: &SigningKey, issuer: &str) -> Result<Refreshed> {
    let now = write.now();
    let hash = secret_token::hash(token);
    lock_session(write, &hash).await?;
    let presented = presented(write, &hash).await?;
    let Presented { session_id, user_id, used_at, outrun, role, permissions } = presented;
    if used_at.is_some_and(|used_at| outrun || now - used_at > GRACE) {
        sqlx::query!("UPDATE sessions SET ended_at = $2 WHERE id = $1", session_id.0, now)
            .execute(write.connection())
            .await?;
        return Ok(Refreshed::Reused { session_id, user_id });
    }
    let next = SecretToken::new()?;
    let context = write.context().clone();
    sqlx::query!(
        "WITH spent AS (UPDATE refresh_tokens SET used_at = coalesce(used_at, $4) WHERE token = $1),
         session AS (UPDATE sessions SET last_used_at = $4, ip_address = $6, user_agent = $7 WHERE id = $2)
         INSERT INTO refresh_tokens (token, session_id, parent, expires_at, created_at) VALUES ($3, $2, $1, $5, $4)",
        hash,
        session_id.0,
        next.hash(),
        now,
        now + IDLE,
        context.address,
        context.user_agent,
    )
    .execute(write.connection())
    .await?;
    let holder = Holder { user_id, session_id, role: &role, permissions: &permissions };
    let access_token = access_token::sign(key, issuer, now, &holder)?;
    Ok(Refreshed::Pair { session_id, user_id, access_token, refresh_token: next.reveal() })
}

async fn lock_session(write: &mut Write, hash: &str) -> Result<()> {
    sqlx::query!(
        "SELECT FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE token = $1) FOR NO KEY UPDATE",
        hash
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn presented(write: &mut Write, hash: &str) -> Result<Presented> {
    let now = write.now();
    sqlx::query_as!(
        Presented,
        r#"SELECT s.id AS "session_id: SessionId", u.id AS "user_id: UserId", t.used_at,
             EXISTS (SELECT FROM refresh_tokens n WHERE n.session_id = s.id AND n.parent = t.token
               AND n.used_at IS NOT NULL) AS "outrun!",
             r.name AS role, ARRAY(SELECT jsonb_array_elements_text(r.permissions)) AS "permissions!"
           FROM refresh_tokens t
           JOIN sessions s ON s.id = t.session_id
           JOIN users u ON u.id = s.user_id
           JOIN roles r ON r.id = u.role_id
           WHERE t.token = $1 AND (t.expires_at > $2 OR t.used_at IS NOT NULL) AND s.ended_at IS NULL AND s.expires_at > $2
             AND u.is_active AND u.is_email_verified AND u.deleted_at IS NULL"#,
        hash,
        now,
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(invalid)
}

/// What whoever presents such a token is told, whatever is wrong with it.
#[must_use]
pub fn invalid() -> Error {
    Error::problem(&problem::INVALID_REFRESH_TOKEN, "The refresh token is not valid (any more); sign in again.")
}
