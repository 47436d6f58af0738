//! Progress: derived from what happened, never above 100 % (`semantics.md`, Enrolment and progress).

use uuid::Uuid;

use crate::error::Result;
use crate::id::CourseId;
use crate::transaction::Write;

/// Recomputes enrolments of one course that this write has locked: counted lessons completed ÷ counted lessons, both
/// by one statement on the lessons as they are now, rounded down. Completes an active one when nothing is left; never
/// uncompletes. What stays as it was is not written.
pub(super) async fn recompute(write: &mut Write, course: CourseId, enrollments: &[Uuid]) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "WITH counted AS (
           SELECT l.id FROM sections s JOIN lessons l ON l.section_id = s.id AND l.is_published AND l.requires_completion
           WHERE s.course_id = $1),
         done AS (
           SELECT lc.enrollment_id, count(*) AS lessons FROM lesson_completions lc JOIN counted c ON c.id = lc.lesson_id
           WHERE lc.enrollment_id = ANY ($2) GROUP BY lc.enrollment_id),
         reached AS (
           SELECT e.id, n.counted > 0 AND n.done = n.counted AS all_done,
             CASE WHEN n.counted = 0 THEN 0.00 ELSE trunc(100.0 * n.done / n.counted, 2) END AS quotient
           FROM enrollments e LEFT JOIN done d ON d.enrollment_id = e.id
           CROSS JOIN LATERAL (SELECT coalesce(d.lessons, 0) AS done, (SELECT count(*) FROM counted) AS counted) n
           WHERE e.id = ANY ($2) AND e.course_id = $1),
         now_so AS (
           SELECT e.id,
             CASE WHEN e.completed_at IS NOT NULL THEN 100.00 ELSE r.quotient END AS completion_percentage,
             CASE WHEN e.completed_at IS NULL AND e.status = 'active' AND r.all_done THEN $3 ELSE e.completed_at END AS completed_at,
             CASE WHEN e.status = 'active' AND (e.completed_at IS NOT NULL OR r.all_done) THEN 'completed' ELSE e.status END AS status
           FROM enrollments e JOIN reached r ON r.id = e.id)
         UPDATE enrollments e
         SET completion_percentage = n.completion_percentage, completed_at = n.completed_at, status = n.status
         FROM now_so n
         WHERE e.id = n.id AND (e.completion_percentage, e.completed_at, e.status)
           IS DISTINCT FROM (n.completion_percentage, n.completed_at, n.status)",
        course.0,
        enrollments,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}
