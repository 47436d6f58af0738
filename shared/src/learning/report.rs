//! How a course goes, for its staff.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::catalog::courses::{self, Reference};
use crate::error::{Error, Result};
use crate::id::CourseId;
use crate::input::Money;
use crate::transaction::Read;

/// Enrolments by status.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EnrollmentCounts {
    pub total: i64,
    pub active: i64,
    pub completed: i64,
    pub dropped: i64,
}

/// A published lesson, in the order of the course.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LessonReport {
    pub id: Uuid,
    pub title: String,
    pub section_id: Uuid,
    pub requires_completion: bool,
    /// How many learners completed it.
    pub completed: i64,
    /// How many, of those who have not completed the course, got this far and no further.
    pub stopped_here: i64,
    /// Of those who noted a time.
    pub median_time_spent_minutes: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Report {
    pub course_id: CourseId,
    #[schema(value_type = EnrollmentCounts)]
    pub enrollments: Json<EnrollmentCounts>,
    /// How many in a hundred learners completed the course, whatever they did after.
    pub completion_rate: Money,
    /// From enrolling to completing the course.
    pub median_seconds_to_complete: Option<f64>,
    /// What those who completed the course noted for all of its lessons.
    pub median_time_spent_minutes: Option<f64>,
    /// How many have not completed a single lesson.
    pub not_started: i64,
    #[schema(value_type = Vec<LessonReport>)]
    pub lessons: Json<Vec<LessonReport>>,
}

/// The course that the caller may have a report on: its staff.
///
/// # Errors
/// 404 when they may not know of the course, 403 when they may, and are not staff of it.
pub async fn readable(read: &mut Read, reference: &Reference) -> Result<CourseId> {
    let course = courses::visible(read, reference).await?;
    if course.staffed_by(read.caller()) {
        Ok(course.id)
    } else {
        Err(Error::forbidden("Only the staff of a course see how it goes."))
    }
}

/// Makes the report. It reads the completions lesson by lesson from `lesson_completions_report_idx` alone, twice: sorting them
/// by lesson and by learner at once would not fit the memory that a statement has.
///
/// # Errors
/// When the database fails.
pub async fn of(read: &mut Read, course: CourseId) -> Result<Report> {
    Ok(sqlx::query_as!(
        Report,
        r#"WITH lesson AS MATERIALIZED (
             SELECT l.id, l.title, l.section_id, l.requires_completion,
               row_number() OVER (ORDER BY s.display_order, s.id, l.display_order, l.id) AS place
             FROM sections s JOIN lessons l ON l.section_id = s.id AND l.is_published
             WHERE s.course_id = $1),
           reached AS (
             SELECT lc.enrollment_id, max(lesson.place) AS place, sum(lc.time_spent_minutes) AS minutes
             FROM lesson CROSS JOIN LATERAL (
               SELECT enrollment_id, time_spent_minutes FROM lesson_completions WHERE lesson_id = lesson.id OFFSET 0) lc
             GROUP BY lc.enrollment_id),
           progress AS MATERIALIZED (
             SELECT e.status, e.enrolled_at, e.completed_at, reached.place, reached.minutes
             FROM enrollments e LEFT JOIN reached ON reached.enrollment_id = e.id WHERE e.course_id = $1),
           stop AS (
             SELECT place, count(*) AS learners FROM progress WHERE completed_at IS NULL GROUP BY place),
           of_lesson AS (
             SELECT lesson.place, done.learners, done.minutes FROM lesson CROSS JOIN LATERAL (
               SELECT count(*) AS learners,
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY time_spent_minutes) FILTER (WHERE time_spent_minutes > 0) AS minutes
               FROM lesson_completions WHERE lesson_id = lesson.id) done)
           SELECT $1::uuid AS "course_id!: CourseId",
             jsonb_build_object(
               'total', count(*),
               'active', count(*) FILTER (WHERE status = 'active'),
               'completed', count(*) FILTER (WHERE status = 'completed'),
               'dropped', count(*) FILTER (WHERE status = 'dropped')) AS "enrollments!: Json<EnrollmentCounts>",
             coalesce(trunc(100.0 * count(completed_at) / nullif(count(*), 0), 2), 0)::numeric(5, 2) AS "completion_rate!: Money",
             percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - enrolled_at)::float8)
               AS median_seconds_to_complete,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes::float8) FILTER (WHERE completed_at IS NOT NULL AND minutes > 0)
               AS median_time_spent_minutes,
             count(*) FILTER (WHERE place IS NULL) AS "not_started!",
             coalesce((
               SELECT jsonb_agg(jsonb_build_object('id', lesson.id, 'title', lesson.title, 'section_id', lesson.section_id,
                 'requires_completion', lesson.requires_completion, 'completed', coalesce(of_lesson.learners, 0),
                 'stopped_here', coalesce(stop.learners, 0), 'median_time_spent_minutes', of_lesson.minutes) ORDER BY place)
               FROM lesson LEFT JOIN of_lesson USING (place) LEFT JOIN stop USING (place)), '[]')
               AS "lessons!: Json<Vec<LessonReport>>"
           FROM progress"#,
        course.0,
    )
    .fetch_one(read.connection())
    .await?)
}
