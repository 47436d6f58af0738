//! Every learner's number, recomputed from the facts alone: who completed what, the lessons as they are, and
//! `completed_at`. Written apart from what keeps the numbers, so that one tells of the other's faults.

use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::error::Result;
use crate::id::EnrollmentId;

/// An enrolment that is not as the facts say.
#[derive(Debug)]
pub struct Difference {
    pub enrollment_id: EnrollmentId,
    pub completion_percentage: Decimal,
    pub recomputed: Decimal,
    pub status: String,
    pub recomputed_status: String,
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    pub enrollments: i64,
    /// Enrolments of courses that an edit of some moments ago lets be recomputed: not judged.
    pub waiting: i64,
    /// The first thousand.
    pub differences: Vec<Difference>,
}

/// Recomputes all enrolments. As the owner, outside of any call: it reads whole tables, and takes as long as that.
///
/// # Errors
/// Those of the database.
pub async fn check(owner: &mut PgConnection) -> Result<Checked> {
    let mut tx = sqlx::Connection::begin(owner).await?;
    // One snapshot for both statements.
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let counts = sqlx::query!(
        r#"SELECT count(*) AS "enrollments!", count(r.course_id) FILTER (WHERE e.completed_at IS NULL) AS "waiting!"
           FROM enrollments e LEFT JOIN progress_recomputations r ON r.course_id = e.course_id"#
    )
    .fetch_one(&mut *tx)
    .await?;
    let differences = sqlx::query_as!(
        Difference,
        r#"WITH counted AS (
             SELECT s.course_id, l.id FROM sections s JOIN lessons l ON l.section_id = s.id
             WHERE l.is_published AND l.requires_completion),
           of_course AS (SELECT course_id, count(*) AS lessons FROM counted GROUP BY course_id),
           done AS (
             SELECT lc.enrollment_id, c.course_id, count(DISTINCT lc.lesson_id) AS lessons
             FROM lesson_completions lc JOIN counted c ON c.id = lc.lesson_id
             GROUP BY lc.enrollment_id, c.course_id),
           fact AS (
             SELECT e.id, e.course_id, e.completed_at, e.completion_percentage, e.status,
               coalesce(floor(10000 * coalesce(d.lessons, 0)::numeric / o.lessons) / 100, 0)::numeric(5, 2) AS quotient
             FROM enrollments e
             LEFT JOIN of_course o ON o.course_id = e.course_id
             LEFT JOIN done d ON d.enrollment_id = e.id AND d.course_id = e.course_id),
           said AS (
             SELECT id, course_id, completed_at, completion_percentage, status,
               CASE WHEN completed_at IS NOT NULL THEN 100.00 ELSE quotient END AS recomputed,
               CASE WHEN status = 'dropped' THEN 'dropped' WHEN completed_at IS NOT NULL OR quotient = 100 THEN 'completed'
                 ELSE 'active' END AS recomputed_status
             FROM fact)
           SELECT id AS "enrollment_id: EnrollmentId", completion_percentage, recomputed AS "recomputed!", status,
             recomputed_status AS "recomputed_status!"
           FROM said
           WHERE (completion_percentage, status) IS DISTINCT FROM (recomputed, recomputed_status)
             AND (completed_at IS NOT NULL OR NOT EXISTS (SELECT FROM progress_recomputations r WHERE r.course_id = said.course_id))
           ORDER BY id LIMIT 1000"#
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Checked { enrollments: counts.enrollments, waiting: counts.waiting, differences })
}
