//! Completing a lesson, and taking it back.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::enrollments::{Enrollment, EnrollmentStatus, lock};
use super::progress;
use crate::audit::Changes;
use crate::catalog::lessons::ReadableLesson;
use crate::error::{Error, Result};
use crate::id::{CompletionId, EnrollmentId, LessonId, UserId};
use crate::input::{Bounded, Change, Clearable, Text};
use crate::optional_fields;
use crate::problem;
use crate::transaction::Write;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Completion {
    pub id: CompletionId,
    pub user_id: UserId,
    pub lesson_id: LessonId,
    pub enrollment_id: EnrollmentId,
    pub completed_at: DateTime<Utc>,
    /// The learner's total for the lesson.
    pub time_spent_minutes: i32,
    pub notes: Option<String>,
}

optional_fields! {
    /// What the learner notes with it. What is left out stays as it was.
    pub struct Notes {
        time_spent_minutes: Change<Bounded<0, 10000>>,
        notes: Clearable<Text<0, 10000>>,
    }
}

impl Notes {
    fn applied_to(&self, mut completion: Completion) -> Completion {
        self.time_spent_minutes.clone().apply(&mut completion.time_spent_minutes);
        self.notes.clone().apply(&mut completion.notes);
        completion
    }
}

/// What completing a lesson came to.
pub struct Completed {
    pub completion: Completion,
    pub enrollment: Enrollment,
    /// Whether the lesson was not completed before.
    pub first: bool,
    pub changes: Changes,
}

async fn find(write: &mut Write, enrollment: EnrollmentId, lesson: LessonId) -> Result<Completion> {
    Ok(sqlx::query_as!(
        Completion,
        r#"SELECT id AS "id: CompletionId", user_id AS "user_id: UserId", lesson_id AS "lesson_id: LessonId",
             enrollment_id AS "enrollment_id: EnrollmentId", completed_at, time_spent_minutes, notes
           FROM lesson_completions WHERE enrollment_id = $1 AND lesson_id = $2"#,
        enrollment.0,
        lesson.0,
    )
    .fetch_one(write.connection())
    .await?)
}

async fn own_enrollment(write: &mut Write, lesson: &ReadableLesson) -> Result<Enrollment> {
    let user = write.user()?;
    lock(write, user, lesson.course_id)
        .await?
        .filter(|enrollment| enrollment.status != EnrollmentStatus::Dropped)
        .ok_or_else(|| Error::forbidden("Enrol in the course to complete its lessons."))
}

/// Completes the lesson for the caller; once completed, it only takes new time and notes.
///
/// # Errors
/// 403 when the caller is not enrolled.
pub async fn complete(write: &mut Write, lesson: &ReadableLesson, notes: &Notes) -> Result<Completed> {
    let before = own_enrollment(write, lesson).await?;
    let now = write.now();
    let mut completion = notes.applied_to(Completion {
        id: CompletionId::new(now),
        user_id: before.user_id,
        lesson_id: lesson.id,
        enrollment_id: before.id,
        completed_at: now,
        time_spent_minutes: 0,
        notes: None,
    });
    let first = insert(write, &completion).await?;
    let changes = if first {
        Changes::created(&completion, &["lesson_id", "enrollment_id", "notes"])?
    } else {
        let known = find(write, before.id, lesson.id).await?;
        completion = notes.applied_to(known.clone());
        update(write, &completion).await?;
        Changes::between(&known, &completion)?
    };
    let enrollment = progress::recompute(write, before.course_id, before.id, Some(now)).await?;
    Ok(Completed { completion, enrollment, first, changes })
}

/// Tells whether it was not there.
async fn insert(write: &mut Write, completion: &Completion) -> Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO lesson_completions (id, user_id, lesson_id, enrollment_id, completed_at, time_spent_minutes, notes, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $5)
         ON CONFLICT (user_id, lesson_id, enrollment_id) DO NOTHING",
        completion.id.0,
        completion.user_id.0,
        completion.lesson_id.0,
        completion.enrollment_id.0,
        completion.completed_at,
        completion.time_spent_minutes,
        completion.notes,
    )
    .execute(write.connection())
    .await
    .map_err(deleted_meanwhile)?;
    Ok(inserted.rows_affected() == 1)
}

async fn update(write: &mut Write, completion: &Completion) -> Result<()> {
    sqlx::query!(
        "UPDATE lesson_completions SET time_spent_minutes = $2, notes = $3 WHERE id = $1",
        completion.id.0,
        completion.time_spent_minutes,
        completion.notes,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// A lesson that was deleted since the caller was let in is not there any more.
fn deleted_meanwhile(error: sqlx::Error) -> Error {
    let error = Error::from(error);
    if error.is(&problem::LESSON_COMPLETED) { Error::not_found("lesson") } else { error }
}

/// Takes a completion back, while the course is not completed. Nothing to take back is no fault; then none is
/// told.
///
/// # Errors
/// 403 when the caller is not enrolled, 409 when the course is completed.
pub async fn take_back(write: &mut Write, lesson: &ReadableLesson) -> Result<Option<CompletionId>> {
    let enrollment = own_enrollment(write, lesson).await?;
    if enrollment.completed_at.is_some() {
        return Err(Error::problem(&problem::COURSE_COMPLETED, "The course is completed, and stays so."));
    }
    let taken = sqlx::query_scalar!(
        r#"DELETE FROM lesson_completions WHERE enrollment_id = $1 AND lesson_id = $2 RETURNING id AS "id: CompletionId""#,
        enrollment.id.0,
        lesson.id.0,
    )
    .fetch_optional(write.connection())
    .await?;
    if taken.is_some() {
        progress::recompute(write, enrollment.course_id, enrollment.id, None).await?;
    }
    Ok(taken)
}
