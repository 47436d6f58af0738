//! Where somebody is signed in, and how that ends. What ended is felt by the very next call (`authenticate`).

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::page::{Newest, Page, Paging};
use crate::transaction::{Read, Write};

/// A session ends after this, however often it is refreshed.
pub(crate) const ABSOLUTE: TimeDelta = TimeDelta::days(90);
/// A session that is not refreshed ends after this.
pub(crate) const IDLE: TimeDelta = TimeDelta::days(30);

#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    /// From where it was used last.
    pub ip_address: Option<String>,
    /// The device, as it names itself.
    pub user_agent: Option<String>,
    /// When it was signed in or refreshed last.
    pub last_used_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// A page of the caller's sessions that stand, the newest first.
///
/// # Errors
/// 401; 422 for a foreign cursor.
pub async fn list(read: &mut Read, paging: &Paging) -> Result<Page<Session>> {
    let (user, current, now) = (read.user()?, read.caller().session_id(), read.now());
    let Newest(time, id) = paging.after()?;
    let rows = sqlx::query_as!(
        Session,
        r#"SELECT id AS "id: SessionId", ip_address, user_agent, last_used_at,
             least(expires_at, last_used_at + $6::interval) AS "expires_at!", created_at,
             id IS NOT DISTINCT FROM $2 AS "is_current!"
           FROM sessions
           WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3 AND last_used_at > $3 - $6::interval
             AND (created_at, id) < ($4, $5)
           ORDER BY created_at DESC, id DESC LIMIT $7"#,
        user.0,
        current.map(|session| session.0),
        now,
        time,
        id,
        sqlx::postgres::types::PgInterval::try_from(IDLE).map_err(Error::internal)?,
        paging.limit.plus_one(),
    )
    .fetch_all(read.connection())
    .await?;
    Page::new(rows, paging.limit, |session| Newest(session.created_at, session.id.0))
}

/// Ends one session of the caller.
///
/// # Errors
/// 404 when it is nobody's, somebody else's, or has ended.
pub async fn end(write: &mut Write, session: SessionId) -> Result<()> {
    let (user, now) = (write.user()?, write.now());
    let ended = sqlx::query!(
        "UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3",
        session.0,
        user.0,
        now
    )
    .execute(write.connection())
    .await?;
    if ended.rows_affected() == 1 { Ok(()) } else { Err(Error::not_found("session")) }
}

/// Ends all sessions of a user, but for the one to be kept. Tells how many.
///
/// # Errors
/// Those of the database.
pub async fn end_all(write: &mut Write, user: UserId, kept: Option<SessionId>) -> Result<u64> {
    let now = write.now();
    let ended = sqlx::query!(
        "UPDATE sessions SET ended_at = $3 WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2",
        user.0,
        kept.map(|session| session.0),
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(ended.rows_affected())
}
