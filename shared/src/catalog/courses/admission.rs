//! The lock on the admission of learners: one for each course, an advisory lock of the transaction (`docs/locks.md`).
//!
//! Many calls hold it at once to enrol learners and to complete lessons. An edit that changes whether they may holds it alone.
//! A row lock would not do: Postgres lets new readers of a row pass an edit that waits for it, so that the edit would wait for as
//! long as learners keep coming. Advisory locks are given in the order in which they were asked for.

use crate::error::Result;
use crate::id::{CourseId, LessonId};
use crate::transaction::Write;

/// Holds the admission of the course as it is until the end of the write. Read the course in a later statement: this one sees
/// the database as it was before it waited.
pub(crate) async fn hold(write: &mut Write, course: CourseId) -> Result<()> {
    sqlx::query_scalar!(r#"SELECT pg_advisory_xact_lock_shared(admission_key($1)) IS NULL AS "held!""#, course.0)
        .fetch_one(write.connection())
        .await?;
    Ok(())
}

/// Does the same as [`hold`] for the course of a lesson, if there is such a lesson.
pub(crate) async fn hold_for_lesson(write: &mut Write, lesson: LessonId) -> Result<()> {
    sqlx::query_scalar!(
        r#"SELECT pg_advisory_xact_lock_shared(admission_key(s.course_id)) IS NULL AS "held!"
           FROM lessons l JOIN sections s ON s.id = l.section_id WHERE l.id = $1"#,
        lesson.0,
    )
    .fetch_optional(write.connection())
    .await?;
    Ok(())
}

/// Locks the admission of the course, whose row is locked, for an edit that changes it. Waits for those who hold it, and keeps out
/// those who come later. Call it before the edit locks or writes any lesson: a call that holds the admission may wait for what
/// follows from that.
pub(crate) async fn lock(write: &mut Write, course: CourseId) -> Result<()> {
    sqlx::query_scalar!(r#"SELECT pg_advisory_xact_lock(admission_key($1)) IS NULL AS "locked!""#, course.0)
        .fetch_one(write.connection())
        .await?;
    Ok(())
}
