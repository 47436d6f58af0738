//! The last administrator stays one.

use crate::error::{Error, Result};
use crate::problem;
use crate::transaction::Write;

/// Demands, after a change of somebody who could do everything, that somebody is left who may do everything and can sign
/// in. Of two changes at once the second waits for the first, and sees it.
///
/// # Errors
/// 409 when nobody is left; the write is then to be dropped.
pub(crate) async fn keep_one(write: &mut Write) -> Result<()> {
    // A statement of its own: the next one sees what was committed while this one waited.
    sqlx::query!(r#"SELECT id FROM roles WHERE permissions @> '["*"]' ORDER BY id FOR NO KEY UPDATE"#)
        .fetch_all(write.connection())
        .await?;
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
