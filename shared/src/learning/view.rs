//! How learners, and the staff of their courses, see enrolments.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::enrollments::EnrollmentStatus;
use crate::catalog::Standing;
use crate::catalog::courses::{CourseStatus, Visibility};
use crate::error::{Error, Result};
use crate::id::{CourseId, EnrollmentId, UserId};
use crate::identity::Permission;
use crate::input::Money;
use crate::page::{self, Cursor, Limit, Newest, Page};
use crate::transaction::Read;

/// A course, as an enrolment names it. Of one that its learner dropped and may see no more, only the id is told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EnrolledCourse {
    pub id: Uuid,
    pub title: Option<String>,
    pub slug: Option<String>,
    pub thumbnail_url: Option<String>,
}

/// The first lesson that is not completed yet.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NextLesson {
    pub id: Uuid,
    pub title: String,
    pub section_id: Uuid,
    pub lesson_type: String,
}

/// One of the caller's enrolments.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyEnrollment {
    pub id: EnrollmentId,
    pub user_id: UserId,
    pub course_id: CourseId,
    #[schema(value_type = EnrolledCourse)]
    pub course: Json<EnrolledCourse>,
    pub status: EnrollmentStatus,
    pub completion_percentage: Money,
    pub enrolled_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub certificate_id: Option<Uuid>,
    pub last_accessed_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<NextLesson>)]
    pub next_lesson: Option<Json<NextLesson>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An enrolment with its progress by section and lesson.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrollmentProgress {
    #[serde(flatten)]
    #[schema(inline)]
    pub enrollment: MyEnrollment,
    /// Lessons published since the course was completed; they don't touch the percentage.
    pub new_since_completion: i64,
    #[schema(value_type = Vec<SectionProgress>)]
    pub sections: Json<Vec<SectionProgress>>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SectionProgress {
    pub id: Uuid,
    pub title: String,
    /// Of the lessons that count.
    pub completed_lessons: i64,
    pub total_lessons: i64,
    pub lessons: Vec<LessonProgress>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LessonProgress {
    pub id: Uuid,
    pub title: String,
    pub lesson_type: String,
    pub requires_completion: bool,
    pub completed_at: Option<DateTime<Utc>>,
    pub time_spent_minutes: Option<i32>,
    /// The first 200 characters when the notes of the enrolment have more than 300,000 in all.
    pub notes: Option<String>,
}

/// Selects enrolments with their course and next lesson, as far as they are `$shown`.
macro_rules! select_mine {
    ($shown:literal, $tail:literal $(+ $more:literal)* $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            MyEnrollment,
            r#"SELECT e.id AS "id: EnrollmentId", e.user_id AS "user_id: UserId", e.course_id AS "course_id: CourseId",
                 jsonb_build_object('id', c.id, 'title', CASE WHEN shown.course THEN c.title END,
                   'slug', CASE WHEN shown.course THEN c.slug END,
                   'thumbnail_url', CASE WHEN shown.course THEN c.thumbnail_url END) AS "course!: Json<EnrolledCourse>",
                 e.status AS "status: EnrollmentStatus", e.completion_percentage AS "completion_percentage: Money",
                 e.enrolled_at, e.completed_at, e.certificate_id, e.last_accessed_at,
                 next.lesson AS "next_lesson?: Json<NextLesson>", e.created_at, e.updated_at
               FROM enrollments e
               JOIN courses c ON c.id = e.course_id AND c.deleted_at IS NULL
               CROSS JOIN LATERAL (SELECT "# + $shown + r#" AS course) shown
               LEFT JOIN LATERAL (
                 SELECT jsonb_build_object('id', l.id, 'title', l.title, 'section_id', l.section_id, 'lesson_type', l.lesson_type) AS lesson
                 FROM sections s JOIN lessons l ON l.section_id = s.id AND l.is_published
                 WHERE s.course_id = e.course_id AND shown.course
                   AND NOT EXISTS (SELECT FROM lesson_completions lc WHERE lc.enrollment_id = e.id AND lc.lesson_id = l.id)
                 ORDER BY s.display_order, s.id, l.display_order, l.id LIMIT 1) next ON true "# + $tail $(+ $more)*
            $(, $argument)*
        )
    };
}

/// Selects a page of the enrolments of user `$1` after the keys `$2` and `$3`, `$4` rows.
macro_rules! select_my_page {
    ($condition:literal, $($argument:expr),+ $(,)?) => {
        select_mine!(
            "e.status <> 'dropped' OR is_listed(c)",
            "WHERE e.user_id = $1 AND (e.created_at, e.id) < ($2, $3) " + $condition + "ORDER BY e.created_at DESC, e.id DESC LIMIT $4",
            $($argument),+
        )
    };
}

/// Returns a page of the caller's enrolments, newest first.
///
/// # Errors
/// 422 for a cursor of another list.
pub async fn mine(
    read: &mut Read,
    status: Option<EnrollmentStatus>,
    limit: Limit,
    cursor: Option<&Cursor>,
) -> Result<Page<MyEnrollment>> {
    let user = read.user()?;
    let Newest(created_at, id) = page::after(cursor)?;
    let most = limit.plus_one();
    let rows = match status.map(EnrollmentStatus::as_str) {
        None => select_my_page!("", user.0, created_at, id, most).fetch_all(read.connection()).await?,
        Some(status) => {
            select_my_page!("AND e.status = $5 ", user.0, created_at, id, most, status)
                .fetch_all(read.connection())
                .await?
        }
    };
    Page::new(rows, limit, |enrollment| Newest(enrollment.created_at, enrollment.id.0))
}

/// Whose enrolment in what, for whoever may see it: its learner, the staff of its course, and who may read any.
pub(super) struct Seen {
    pub user_id: UserId,
    pub course_id: CourseId,
    /// Whether the caller may also change it: its learner and the staff may.
    pub changeable: bool,
    /// Whether the caller may see the course and its lessons: a learner who dropped it, no more than anyone.
    pub shown: bool,
}

/// # Errors
/// 404 for everyone else.
pub(super) async fn seen(read: &mut Read, id: EnrollmentId) -> Result<Seen> {
    let (caller, user) = (read.caller().clone(), read.user()?);
    let not_found = || Error::not_found("enrollment");
    let row = sqlx::query!(
        r#"SELECT e.user_id AS "user_id: UserId", e.course_id AS "course_id: CourseId", e.status AS "status: EnrollmentStatus",
             c.status AS "course_status: CourseStatus", c.visibility AS "visibility: Visibility",
             c.instructor_id AS "instructor_id: UserId", c.created_by AS "created_by: UserId"
           FROM enrollments e JOIN courses c ON c.id = e.course_id AND c.deleted_at IS NULL WHERE e.id = $1"#,
        id.0,
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(not_found)?;
    // As of anyone who is not enrolled, which is what a learner is who dropped it.
    let standing = Standing {
        status: row.course_status,
        visibility: row.visibility,
        instructor_id: row.instructor_id,
        created_by: row.created_by,
        enrolled: false,
    };
    let learner = row.user_id == user;
    let changeable = learner || standing.staff(&caller);
    if !changeable && !caller.may(Permission::EnrollmentsReadAny) {
        return Err(not_found());
    }
    let dropped = learner && row.status == EnrollmentStatus::Dropped;
    let shown = !dropped || standing.visible(&caller);
    Ok(Seen { user_id: row.user_id, course_id: row.course_id, changeable, shown })
}

/// The enrolment with its progress, for its learner and the staff of its course.
///
/// # Errors
/// 404 for everyone else.
pub async fn progress(read: &mut Read, id: EnrollmentId) -> Result<EnrollmentProgress> {
    let seen = seen(read, id).await?;
    let enrollment = select_mine!("$2::bool", "WHERE e.id = $1", id.0, seen.shown).fetch_one(read.connection()).await?;
    let row = sqlx::query!(
        r#"WITH lesson AS (
             SELECT s.id AS section_id, s.title AS section_title, s.display_order AS section_order,
               l.id, l.title, l.lesson_type, l.requires_completion, l.display_order, lc.completed_at, lc.time_spent_minutes,
               shortened(lc.notes, sum(length(lc.notes)) OVER ()) AS notes
             FROM sections s
             JOIN lessons l ON l.section_id = s.id AND l.is_published
             LEFT JOIN lesson_completions lc ON lc.lesson_id = l.id AND lc.enrollment_id = $2
             WHERE s.course_id = $1 AND $3),
           section AS (
             SELECT section_id AS id, section_title AS title, section_order,
               count(completed_at) FILTER (WHERE requires_completion) AS completed_lessons,
               count(*) FILTER (WHERE requires_completion) AS total_lessons,
               jsonb_agg(jsonb_build_object('id', id, 'title', title, 'lesson_type', lesson_type,
                 'requires_completion', requires_completion, 'completed_at', completed_at,
                 'time_spent_minutes', time_spent_minutes, 'notes', notes) ORDER BY display_order, id) AS lessons
             FROM lesson
             GROUP BY section_id, section_title, section_order)
           SELECT
             coalesce((SELECT jsonb_agg(jsonb_build_object('id', id, 'title', title, 'completed_lessons', completed_lessons,
               'total_lessons', total_lessons, 'lessons', lessons) ORDER BY section_order, id) FROM section), '[]')
               AS "sections!: Json<Vec<SectionProgress>>",
             (SELECT count(*) FROM lesson WHERE requires_completion AND completed_at IS NULL) AS "uncompleted!""#,
        seen.course_id.0,
        id.0,
        seen.shown,
    )
    .fetch_one(read.connection())
    .await?;
    let new_since_completion = if enrollment.completed_at.is_some() { row.uncompleted } else { 0 };
    Ok(EnrollmentProgress { enrollment, new_since_completion, sections: row.sections })
}
