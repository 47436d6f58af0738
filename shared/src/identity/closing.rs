//! Closing an account: it is hidden at once, and after 30 days what is personal of it is erased. What was learned and
//! what was done stays, as somebody's who is gone.

use chrono::TimeDelta;

use super::password::NO_PASSWORD;
use super::{administrators, links, sessions};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::outbox::{self, Purpose};
use crate::transaction::Write;

/// How long a closed account can be restored.
const RESTORABLE: TimeDelta = TimeDelta::days(30);

/// Closes the account, and tells its owner by mail. An account whose email was never verified is erased at once: it
/// would keep the owner of the address out for 30 days.
///
/// # Errors
/// 404; 409 for the last administrator.
pub async fn close(write: &mut Write, user: UserId) -> Result<()> {
    let now = write.now();
    let closed = sqlx::query!(
        r#"UPDATE users u SET deleted_at = $2 FROM roles r WHERE u.id = $1 AND u.deleted_at IS NULL AND r.id = u.role_id
           RETURNING r.permissions @> '["*"]' AS "administered!", u.is_email_verified"#,
        user.0,
        now
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(|| Error::not_found("user"))?;
    if closed.administered {
        administrators::keep_one(write).await?;
    }
    if !closed.is_email_verified {
        return erase(write, user).await;
    }
    links::end_password_links(write, user).await?;
    links::end_email_change(write, user).await?;
    sessions::end_all(write, user, None).await?;
    outbox::put(write, Purpose::AccountClosed, user).await
}

/// The account that has been closed for longest and is due to be erased, locked, but for those that could not be; none
/// when none is. Two runs at once take different ones.
///
/// # Errors
/// Those of the database.
pub async fn due_for_erasure(write: &mut Write, but: &[UserId]) -> Result<Option<UserId>> {
    let but: Vec<_> = but.iter().map(|user| user.0).collect();
    let closed_before = write.now() - RESTORABLE;
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: UserId" FROM users WHERE deleted_at <= $1 AND erased_at IS NULL AND id <> ALL ($2)
           ORDER BY deleted_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"#,
        closed_before,
        &but,
    )
    .fetch_optional(write.connection())
    .await?)
}

/// Replaces what is personal of the account for good; its email and its username are free again. Enrolments,
/// completions (without their notes) and the audit log stay.
///
/// # Errors
/// Those of the database.
pub async fn erase(write: &mut Write, user: UserId) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "WITH held AS (DELETE FROM username_holds WHERE email = (SELECT email FROM users WHERE id = $1)),
         notes AS (UPDATE lesson_completions SET notes = NULL WHERE user_id = $1 AND notes IS NOT NULL),
         mails AS (DELETE FROM outbox WHERE user_id = $1),
         resets AS (DELETE FROM password_reset_tokens WHERE user_id = $1),
         verifications AS (DELETE FROM email_verification_tokens WHERE user_id = $1),
         refusals AS (DELETE FROM refusals WHERE caller = $1::text),
         changes AS (DELETE FROM email_changes WHERE user_id = $1),
         addresses AS (DELETE FROM known_addresses WHERE user_id = $1),
         sessions AS (DELETE FROM sessions WHERE user_id = $1),
         pictures AS (UPDATE uploads SET freed_at = $2 WHERE uploaded_by = $1 AND kind = 'picture' AND freed_at IS NULL)
         UPDATE users SET email = id || '@erased.invalid', username = 'erased-' || id, password_hash = $3,
           first_name = 'Former', last_name = 'user', profile_picture_url = NULL, bio = NULL, last_login = NULL,
           is_email_verified = false, is_contested = false,
           deleted_at = coalesce(deleted_at, $2), erased_at = $2
         WHERE id = $1",
        user.0,
        now,
        NO_PASSWORD,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}
