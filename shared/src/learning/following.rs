//! Percentages follow the edits of a course's lessons, however many learners it has (`docs/semantics.md`, Enrolment and
//! progress).
//!
//! The triggers of lessons and sections leave a row in the edit's own transaction; the message that wakes whoever
//! works on it is empty and best-effort. What is done twice, or by two at once, ends the same: each batch locks its
//! enrolments, and counts what is there by then.

use chrono::TimeDelta;
use uuid::Uuid;

use super::progress;
use crate::error::Result;
use crate::id::CourseId;
use crate::transaction::Write;

/// How many enrolments are locked at once: some milliseconds' work.
const BATCH: i64 = 1000;
/// The longest that one batch may take: until then no one else takes the course.
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// A course whose enrolments are to be recomputed, taken by this run.
#[derive(Debug)]
pub struct Taken {
    pub course_id: CourseId,
    edits: i64,
    done_to: Option<Uuid>,
}

/// Takes the course that has waited longest, where an earlier run left it; none when nothing waits. Two runs at once
/// take different ones.
///
/// # Errors
/// Those of the database.
pub async fn take(write: &mut Write) -> Result<Option<Taken>> {
    let now = write.now();
    Ok(sqlx::query_as!(
        Taken,
        r#"UPDATE progress_recomputations SET taken_until = $2
           WHERE course_id = (
             SELECT course_id FROM progress_recomputations
             WHERE taken_until IS NULL OR taken_until <= $1
             ORDER BY created_at, course_id LIMIT 1
             FOR UPDATE SKIP LOCKED)
           RETURNING course_id AS "course_id: CourseId", edits, done_to"#,
        now,
        now + LEASE,
    )
    .fetch_optional(write.connection())
    .await?)
}

/// Recomputes the next batch; gives what is left to this run, once the batch is committed. An edit since then made the
/// course free again, for a run from the start.
///
/// # Errors
/// Those of the database; nothing of the batch is written then.
pub async fn advance(write: &mut Write, taken: &Taken) -> Result<Option<Taken>> {
    let batch = sqlx::query_scalar!(
        "SELECT id FROM enrollments
         WHERE course_id = $1 AND completed_at IS NULL AND id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
         ORDER BY id LIMIT $3 FOR UPDATE",
        taken.course_id.0,
        taken.done_to,
        BATCH,
    )
    .fetch_all(write.connection())
    .await?;
    progress::recompute_all(write, taken.course_id, &batch).await?;
    // The row comes last: an edit that holds it waits for nobody, and so nobody waits in a circle.
    if i64::try_from(batch.len()) != Ok(BATCH) {
        sqlx::query!(
            "DELETE FROM progress_recomputations WHERE course_id = $1 AND edits = $2",
            taken.course_id.0,
            taken.edits
        )
        .execute(write.connection())
        .await?;
        return Ok(None);
    }
    let now = write.now();
    Ok(sqlx::query_as!(
        Taken,
        r#"UPDATE progress_recomputations SET done_to = $3, taken_until = $4 WHERE course_id = $1 AND edits = $2
           RETURNING course_id AS "course_id: CourseId", edits, done_to"#,
        taken.course_id.0,
        taken.edits,
        batch.last(),
        now + LEASE,
    )
    .fetch_optional(write.connection())
    .await?)
}

/// Leaves the rest of the course to the next run, and wakes it.
///
/// # Errors
/// Those of the database.
pub async fn leave(write: &mut Write, taken: &Taken) -> Result<()> {
    sqlx::query!(
        "UPDATE progress_recomputations SET taken_until = NULL WHERE course_id = $1 AND edits = $2",
        taken.course_id.0,
        taken.edits
    )
    .execute(write.connection())
    .await?;
    write.wake_progress();
    Ok(())
}
