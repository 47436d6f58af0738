//! Progress: derived from what happened, never above 100 % (`docs/semantics.md`, Enrolment and progress).

use chrono::{DateTime, Utc};
use sqlx::query;
use uuid::Uuid;

use super::enrollments::{Enrollment, EnrollmentStatus, query_enrollment};
use crate::error::Result;
use crate::id::{CourseId, EnrollmentId, UserId};
use crate::input::Money;
use crate::transaction::Write;

/// The rule: counted lessons completed ÷ counted lessons, both by one statement on the lessons as they are now, rounded
/// down. It completes an active enrolment when nothing is left, and never uncompletes one. `$1` is the course, `$2` its
/// enrolments, `$3` the time; `n` is what becomes of the enrolment `e`.
macro_rules! recompute {
    ($query:ident!($which:literal, $tail:literal) $(, $argument:expr)* $(,)?) => {
        $query!(
            r#"WITH counted AS MATERIALIZED (
               SELECT l.id FROM sections s JOIN lessons l ON l.section_id = s.id AND l.is_published AND l.requires_completion
               WHERE s.course_id = $1),
             reached AS (
               SELECT e.id, e.completed_at, e.status, count(c.id) AS done, (SELECT count(*) FROM counted) AS counted
               FROM enrollments e
               LEFT JOIN lesson_completions lc ON lc.enrollment_id = e.id
               LEFT JOIN counted c ON c.id = lc.lesson_id
               WHERE e.id "# + $which + r#" GROUP BY e.id),
             after AS MATERIALIZED (
               SELECT id,
                 CASE WHEN completed_at IS NOT NULL THEN 100.00 WHEN counted = 0 THEN 0.00
                   ELSE trunc(100.0 * done / counted, 2) END AS completion_percentage,
                 CASE WHEN completed_at IS NULL AND status = 'active' AND counted > 0 AND done = counted THEN $3
                   ELSE completed_at END AS completed_at,
                 CASE WHEN status = 'active' AND (completed_at IS NOT NULL OR counted > 0 AND done = counted)
                   THEN 'completed' ELSE status END AS status
               FROM reached)
             UPDATE enrollments e
             SET completion_percentage = n.completion_percentage, completed_at = n.completed_at, status = n.status"# + $tail
            $(, $argument)*
        )
    };
}

/// Recomputes an enrolment that this write has locked, and gives it as it is then; with a time, it was accessed then.
pub(super) async fn recompute(
    write: &mut Write,
    course: CourseId,
    enrollment: EnrollmentId,
    accessed_at: Option<DateTime<Utc>>,
) -> Result<Enrollment> {
    let now = write.now();
    Ok(recompute!(
        query_enrollment!(
            "= $2",
            ", last_accessed_at = coalesce($4, e.last_accessed_at)
             FROM after n WHERE e.id = n.id
             RETURNING"
        ),
        course.0,
        enrollment.0,
        now,
        accessed_at,
    )
    .fetch_one(write.connection())
    .await?)
}

/// Recomputes enrolments of one course that this write has locked. What stays as it was is not written.
pub(super) async fn recompute_all(write: &mut Write, course: CourseId, enrollments: &[Uuid]) -> Result<()> {
    let now = write.now();
    recompute!(
        query!(
            "= ANY ($2)",
            " FROM after n
              WHERE e.id = n.id AND (e.completion_percentage, e.completed_at, e.status)
                IS DISTINCT FROM (n.completion_percentage, n.completed_at, n.status)"
        ),
        course.0,
        enrollments,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}
