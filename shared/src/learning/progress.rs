//! Progress: derived from what happened, never above 100 % (`semantics.md`, Enrolment and progress).

use crate::error::Result;
use crate::id::EnrollmentId;
use crate::transaction::Write;

/// Recomputes an enrolment that this write has locked: counted lessons completed ÷ counted lessons, both from one
/// join on the lessons as they are now, rounded down. Completes it when nothing is left; never uncompletes.
pub(super) async fn recompute(write: &mut Write, id: EnrollmentId) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "UPDATE enrollments e SET
           completion_percentage = CASE
             WHEN e.completed_at IS NOT NULL THEN 100.00
             WHEN n.counted = 0 THEN 0.00
             ELSE trunc(100.0 * n.completed / n.counted, 2) END,
           completed_at = CASE
             WHEN e.completed_at IS NULL AND e.status = 'active' AND n.counted > 0 AND n.completed = n.counted THEN $2
             ELSE e.completed_at END,
           status = CASE
             WHEN e.status = 'active' AND (e.completed_at IS NOT NULL OR n.counted > 0 AND n.completed = n.counted)
             THEN 'completed' ELSE e.status END
         FROM (
           SELECT count(*) AS counted, count(lc.id) AS completed
           FROM enrollments own
           JOIN sections s ON s.course_id = own.course_id
           JOIN lessons l ON l.section_id = s.id AND l.is_published AND l.requires_completion
           LEFT JOIN lesson_completions lc ON lc.lesson_id = l.id AND lc.enrollment_id = own.id
           WHERE own.id = $1) n
         WHERE e.id = $1",
        id.0,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}
