//! The last administrator stays one.

use crate::error::{Error, Result};
use crate::problem;
use crate::transaction::Write;

/// The key of the lock on who may do everything: a number that no other advisory lock uses.
const ADMINISTRATORS: i64 = 0x6164_6d69;

/// Demands, after a change of somebody who could do everything, that somebody is left who may do everything and can sign
/// in. Of two changes at once the second waits for the first, and sees it. Call it after users and roles are locked and before
/// sessions are (`docs/locks.md`).
///
/// # Errors
/// 409 when nobody is left; the write is then to be dropped.
pub(crate) async fn keep_one(write: &mut Write) -> Result<()> {
    // A statement of its own: the next one sees what was committed while this one waited.
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", ADMINISTRATORS).execute(write.connection()).await?;
    let one_is_left = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users u JOIN roles r ON r.id = u.role_id AND r.permissions @> '["*"]'
             WHERE u.is_active AND u.is_email_verified AND u.deleted_at IS NULL) AS "left!""#
    )
    .fetch_one(write.connection())
    .await?;
    if one_is_left {
        return Ok(());
    }
    let detail = "Nobody would be left who may do everything; make somebody else an administrator first.";
    Err(Error::problem(&problem::LAST_ADMINISTRATOR, detail))
}
