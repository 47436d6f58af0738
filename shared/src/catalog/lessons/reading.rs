//! Who reads a lesson: the enrolled and the staff of its course (`docs/semantics.md`, Courses and Enrolment).

use chrono::TimeDelta;

use sqlx::types::Json;

use super::{Lesson, LessonType, Link, RENDERER, VideoProvider, select_lesson};
use crate::catalog::Standing;
use crate::catalog::courses::{CourseStatus, Visibility, admission};
use crate::error::{Error, Result};
use crate::id::{CourseId, LessonId, SectionId, UserId};
use crate::transaction::{Read, Write};
use crate::version::Version;

/// `last_accessed_at` moves at most so often.
const ACCESS_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A lesson that the caller may read. Only [`open`] makes one.
#[derive(Debug)]
#[non_exhaustive] // no other crate can make one
pub struct ReadableLesson {
    pub id: LessonId,
    pub course_id: CourseId,
}

/// Checks that the caller may read the lesson.
///
/// # Errors
/// 404 when the course's outline would not show it to them; 403 when it would, and they are neither enrolled nor
/// staff.
pub async fn open(read: &mut Read, id: LessonId) -> Result<ReadableLesson> {
    let caller = read.caller().clone();
    let row = sqlx::query!(
        r#"SELECT c.id AS "course_id: CourseId", c.status AS "status: CourseStatus", c.visibility AS "visibility: Visibility",
             c.instructor_id AS "instructor_id: UserId", c.created_by AS "created_by: UserId", l.is_published,
             EXISTS (SELECT FROM enrollments e WHERE e.course_id = c.id AND e.user_id = $2 AND e.status <> 'dropped') AS "enrolled!"
           FROM lessons l JOIN sections s ON s.id = l.section_id JOIN courses c ON c.id = s.course_id
           WHERE l.id = $1 AND c.deleted_at IS NULL"#,
        id.0,
        caller.user_id().map(|user| user.0),
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("lesson"))?;
    let standing = Standing {
        status: row.status,
        visibility: row.visibility,
        instructor_id: row.instructor_id,
        created_by: row.created_by,
        enrolled: row.enrolled,
    };
    let staff = standing.staff(&caller);
    if !standing.visible(&caller) || !(row.is_published || staff) {
        return Err(Error::not_found("lesson"));
    }
    if !row.enrolled && !staff {
        return Err(Error::forbidden("Enrol in the course to read its lessons."));
    }
    Ok(ReadableLesson { id, course_id: row.course_id })
}

/// Does the same as [`open`] for a call that completes the lesson. Holds the admission of its course until the end of the write,
/// so that neither is deleted meanwhile.
///
/// # Errors
/// As [`open`].
pub async fn held(write: &mut Write, id: LessonId) -> Result<ReadableLesson> {
    admission::hold_for_lesson(write, id).await?;
    open(write, id).await
}

/// Returns the lesson to callers who may read it. The same statement notes the access of an enrolled learner.
///
/// # Errors
/// As [`open`].
pub async fn read(read: &mut Read, id: LessonId) -> Result<Lesson> {
    let lesson = open(read, id).await?;
    let (user, now) = (read.user()?, read.now());
    select_lesson!(
        "WITH noted AS (
           UPDATE enrollments SET last_accessed_at = $5
           WHERE user_id = $3 AND course_id = $4 AND status <> 'dropped'
             AND (last_accessed_at IS NULL OR last_accessed_at < $6)) ",
        id.0,
        user.0,
        lesson.course_id.0,
        now,
        now - ACCESS_NOTED_EVERY,
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("lesson"))
}
