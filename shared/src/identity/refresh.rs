//! Refresh tokens: each is spent by its use, which gives its successor (RFC 9700, section 4.14.2). A spent token that is
//! presented again was stolen on one side, and the session ends; except within a minute, while its successor has not been
//! used: then two tabs refreshed at once, or an answer was lost, and the same successor is given again.

use chrono::{DateTime, TimeDelta, Utc};

use super::access_token::{self, Holder};
use super::keys::SigningKey;
use super::secret_token::{self, SecretToken};
use super::sessions::IDLE;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::problem;
use crate::transaction::Write;

/// How long after its use a spent token gives its successor again.
const GRACE: TimeDelta = TimeDelta::seconds(60);

/// The result of a refresh.
pub enum Refreshed {
    /// A new access token, and the refresh token that takes the presented one's place.
    Pair { session_id: SessionId, user_id: UserId, access_token: String, refresh_token: String },
    /// The token was spent before. The session has ended, which the caller must commit.
    Reused { session_id: SessionId, user_id: UserId },
}

struct Presented {
    session_id: SessionId,
    user_id: UserId,
    used_at: Option<DateTime<Utc>>,
    /// The token that it gave, until that one is used.
    sealed_successor: Option<Vec<u8>>,
    role: String,
    permissions: Vec<String>,
}

/// Spends the token, or gives its successor again. Locks the session first: of many calls at once one spends it.
///
/// # Errors
/// 401 when the token is unknown or has expired, or its session or user is gone.
pub async fn refresh(write: &mut Write, token: &str, key: &SigningKey, issuer: &str) -> Result<Refreshed> {
    let now = write.now();
    let hash = secret_token::hash(token);
    lock_session(write, &hash).await?;
    let Presented { session_id, user_id, used_at, sealed_successor, role, permissions } =
        presented(write, &hash).await?;
    let refresh_token = match (used_at, sealed_successor) {
        (None, _) => spend(write, session_id, token).await?,
        (Some(used_at), Some(sealed)) if now - used_at <= GRACE => secret_token::open(&sealed, token)?,
        (Some(_), _) => {
            sqlx::query!("UPDATE sessions SET ended_at = $2 WHERE id = $1", session_id.0, now)
                .execute(write.connection())
                .await?;
            return Ok(Refreshed::Reused { session_id, user_id });
        }
    };
    let holder = Holder { user_id, session_id, role: &role, permissions: &permissions };
    let access_token = access_token::sign(key, issuer, now, &holder)?;
    Ok(Refreshed::Pair { session_id, user_id, access_token, refresh_token })
}

/// Stores a successor, sealed under the token for the minute of grace, and forgets the sealed copy of the token itself.
async fn spend(write: &mut Write, session: SessionId, token: &str) -> Result<String> {
    let now = write.now();
    let context = write.context().clone();
    let successor = SecretToken::new()?;
    let successor_hash = successor.hash();
    let successor = successor.reveal();
    sqlx::query!(
        "WITH spent AS (UPDATE refresh_tokens SET used_at = $4, sealed_successor = $8 WHERE token = $1 RETURNING parent),
         used AS (UPDATE refresh_tokens t SET sealed_successor = NULL FROM spent WHERE t.token = spent.parent),
         session AS (UPDATE sessions SET last_used_at = $4, ip_address = $6, user_agent = $7 WHERE id = $2)
         INSERT INTO refresh_tokens (token, session_id, parent, expires_at, created_at) VALUES ($3, $2, $1, $5, $4)",
        secret_token::hash(token),
        session.0,
        successor_hash,
        now,
        now + IDLE,
        context.address,
        context.user_agent,
        secret_token::seal(&successor, token)?,
    )
    .execute(write.connection())
    .await?;
    Ok(successor)
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
        r#"SELECT s.id AS "session_id: SessionId", u.id AS "user_id: UserId", t.used_at, t.sealed_successor,
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

/// The error for any refresh token that is not valid.
#[must_use]
pub fn invalid() -> Error {
    Error::problem(&problem::INVALID_REFRESH_TOKEN, "The refresh token is not valid any more. Sign in again.")
}
