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

/// A query that gives enrolments, called `e`: what stands before their columns, and after them.
macro_rules! query_enrollment {
    ($first:literal $(+ $before:literal)* $(; $after:literal)? $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Enrollment,
            $first $(+ $before)* + r#" e.id AS "id: EnrollmentId", e.user_id AS "user_id: UserId", e.course_id AS "course_id: CourseId",
                e.status AS "status: EnrollmentStatus", e.completion_percentage AS "completion_percentage: Money",
                e.enrolled_at, e.completed_at, e.certificate_id, e.last_accessed_at, e.created_at, e.updated_at"# $(+ $after)?
            $(, $argument)*
        )
    };
}
pub(super) use query_enrollment;

/// Locks a learner's enrolment in a course: whatever changes or recomputes progress does this first, in a
/// statement of its own, so that the next one counts what is there by then.
pub(super) async fn lock(write: &mut Write, user: UserId, course: CourseId) -> Result<Option<Enrollment>> {
    Ok(query_enrollment!(
        "SELECT"; " FROM enrollments e WHERE user_id = $1 AND course_id = $2 FOR UPDATE",
        user.0,
        course.0,
    )
    .fetch_optional(write.connection())
    .await?)
}

/// Locks those enrolments of many learners in a course that are there, in the order of their ids.
pub(super) async fn lock_all(write: &mut Write, users: &[Uuid], course: CourseId) -> Result<Vec<Enrollment>> {
    Ok(query_enrollment!(
        "SELECT"; " FROM enrollments e WHERE user_id = ANY ($1) AND course_id = $2 ORDER BY e.id FOR UPDATE",
        users,
        course.0,
    )
    .fetch_all(write.connection())
    .await?)
}

/// Returns those enrolments of many learners in a course that are there, without a lock.
pub(super) async fn all_of(write: &mut Write, users: &[Uuid], course: CourseId) -> Result<Vec<Enrollment>> {
    Ok(query_enrollment!(
        "SELECT"; " FROM enrollments e WHERE user_id = ANY ($1) AND course_id = $2",
        users,
        course.0,
    )
    .fetch_all(write.connection())
    .await?)
}

/// Makes the enrolment; none when somebody else was first.
pub(super) async fn insert(write: &mut Write, user: UserId, course: CourseId) -> Result<Option<Enrollment>> {
    let now = write.now();
    Ok(query_enrollment!(
        "INSERT INTO enrollments AS e (id, user_id, course_id, enrolled_at, created_at) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (user_id, course_id) DO NOTHING
         RETURNING",
        EnrollmentId::new(now).0,
        user.0,
        course.0,
        now,
    )
    .fetch_optional(write.connection())
    .await?)
}
