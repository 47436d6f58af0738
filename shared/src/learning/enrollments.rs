//! Enrolments: one a learner and course, ever.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::id::{CourseId, EnrollmentId, UserId};
use crate::input::{Money, text_enum};
use crate::transaction::Write;

text_enum! {
    EnrollmentStatus { Active = "active", Completed = "completed", Dropped = "dropped" }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Enrollment {
    pub id: EnrollmentId,
    pub user_id: UserId,
    pub course_id: CourseId,
    pub status: EnrollmentStatus,
    /// `"100.00"` means all lessons that count, and nothing goes above it.
    pub completion_percentage: Money,
    pub enrolled_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub certificate_id: Option<Uuid>,
    pub last_accessed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Selects enrolments.
macro_rules! select_enrollment {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Enrollment,
            r#"SELECT id AS "id: EnrollmentId", user_id AS "user_id: UserId", course_id AS "course_id: CourseId",
                 status AS "status: EnrollmentStatus", completion_percentage AS "completion_percentage: Money", enrolled_at,
                 completed_at, certificate_id, last_accessed_at, created_at, updated_at
               FROM enrollments "# + $tail
            $(, $argument)*
        )
    };
}

/// Locks a learner's enrolment in a course: whatever changes or recomputes progress does this first, in a
/// statement of its own, so that the next one counts what is there by then.
pub(super) async fn lock(write: &mut Write, user: UserId, course: CourseId) -> Result<Option<Enrollment>> {
    Ok(select_enrollment!("WHERE user_id = $1 AND course_id = $2 FOR UPDATE", user.0, course.0)
        .fetch_optional(write.connection())
        .await?)
}

/// Locks those enrolments of so many learners in a course that are there.
pub(super) async fn lock_all(write: &mut Write, users: &[Uuid], course: CourseId) -> Result<Vec<Enrollment>> {
    Ok(select_enrollment!("WHERE user_id = ANY ($1) AND course_id = $2 ORDER BY id FOR UPDATE", users, course.0)
        .fetch_all(write.connection())
        .await?)
}

/// Makes the enrolment; none when somebody else was first.
pub(super) async fn insert(write: &mut Write, user: UserId, course: CourseId) -> Result<Option<Enrollment>> {
    let now = write.now();
    Ok(sqlx::query_as!(
        Enrollment,
        r#"INSERT INTO enrollments (id, user_id, course_id, enrolled_at, created_at) VALUES ($1, $2, $3, $4, $4)
           ON CONFLICT (user_id, course_id) DO NOTHING
           RETURNING id AS "id: EnrollmentId", user_id AS "user_id: UserId", course_id AS "course_id: CourseId",
             status AS "status: EnrollmentStatus", completion_percentage AS "completion_percentage: Money", enrolled_at,
             completed_at, certificate_id, last_accessed_at, created_at, updated_at"#,
        EnrollmentId::new(now).0,
        user.0,
        course.0,
        now,
    )
    .fetch_optional(write.connection())
    .await?)
}
