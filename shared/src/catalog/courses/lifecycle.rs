//! Draft, published, archived, deleted: how a course comes and goes.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::editing::check_category;
use super::{Course, CourseStatus, EditableCourse, admission, locked, reload, slugs};
use crate::audit::Changes;
use crate::catalog::Slug;
use crate::catalog::prerequisites::{self, EditablePrerequisites};
use crate::error::{Error, Result};
use crate::id::{CategoryId, CourseId};
use crate::optional_fields;
use crate::problem;
use crate::transaction::Write;

/// After so long the files of a deleted course are gone, and it can't be restored.
const RESTORABLE_FOR: TimeDelta = TimeDelta::days(30);

/// Publishes a draft or an archived course; a published one stays as it is.
///
/// # Errors
/// 409 that lists what is missing.
pub async fn publish(write: &mut Write, course: &EditableCourse) -> Result<Course> {
    let lessons = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM lessons l JOIN sections s ON s.id = l.section_id
             WHERE s.course_id = $1 AND l.is_published) AS "exists!""#,
        course.id.0
    )
    .fetch_one(write.connection())
    .await?;
    if !lessons {
        let missing: Value =
            json!([{ "code": "published_lesson", "detail": "At least one lesson must be published." }]);
        return Err(Error::problem(&problem::NOT_PUBLISHABLE, "Publish at least one of its lessons first.")
            .with("missing", missing));
    }
    set_status(write, course, CourseStatus::Published).await
}

/// Takes a published course back to a draft, while nobody is enrolled. Waits for enrolments that are under way.
///
/// # Errors
/// 409 when learners are enrolled, or when it is archived.
pub async fn unpublish(write: &mut Write, course: &EditableCourse) -> Result<Course> {
    if course.status == CourseStatus::Archived {
        return Err(Error::problem(
            &problem::CONFLICT,
            "An archived course can be published again, not taken back to a draft.",
        ));
    }
    admission::lock(write, course.id).await?; // the next statement sees all enrolments, and none follow
    let enrolled = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM enrollments WHERE course_id = $1 AND status <> 'dropped') AS "exists!""#,
        course.id.0
    )
    .fetch_one(write.connection())
    .await?;
    if enrolled {
        return Err(Error::problem(
            &problem::LEARNERS_ENROLLED,
            "Learners are enrolled; archive the course to take no new ones.",
        ));
    }
    set_status(write, course, CourseStatus::Draft).await
}

/// Takes no new learners any more; the enrolled keep access.
///
/// # Errors
/// 409 when it was never published.
pub async fn archive(write: &mut Write, course: &EditableCourse) -> Result<Course> {
    if course.status == CourseStatus::Draft {
        return Err(Error::problem(
            &problem::CONFLICT,
            "A draft has nothing to archive; publish it first, or delete it.",
        ));
    }
    set_status(write, course, CourseStatus::Archived).await
}

async fn set_status(write: &mut Write, course: &EditableCourse, status: CourseStatus) -> Result<Course> {
    if course.status == status {
        return Ok(course.0.clone());
    }
    admission::lock(write, course.id).await?;
    let (user, now) = (write.user()?, write.now());
    sqlx::query!(
        "UPDATE courses SET status = $2::text, updated_by = $3,
           published_at = CASE WHEN $2::text = 'published' THEN coalesce(published_at, $4) ELSE published_at END
         WHERE id = $1",
        course.id.0,
        status.as_str(),
        user.0,
        now,
    )
    .execute(write.connection())
    .await?;
    reload(write, course.id).await
}

/// Deletes it softly: history stays, its slug is free, and it comes before no other course.
///
/// # Errors
/// Those of the database.
pub async fn delete(write: &mut Write, course: &EditablePrerequisites) -> Result<()> {
    admission::lock(write, course.id).await?;
    let (user, now) = (write.user()?, write.now());
    sqlx::query!("UPDATE courses SET deleted_at = $2, updated_by = $3 WHERE id = $1", course.id.0, now, user.0)
        .execute(write.connection())
        .await?;
    prerequisites::raise_versions_after(write, course.id).await
}

optional_fields! {
    /// What a restored course gets in the place of what it had.
    pub struct Restoration {
        /// Another slug, when another course took the old one meanwhile.
        slug: Option<Slug>,
        category_id: Option<CategoryId>,
    }
}

/// Brings a deleted course back. If a course that the caller may not see took its slug, the slug gets a suffix.
///
/// # Errors
/// 404 when the caller is not staff of it; 409 when it is not deleted, was deleted more than 30 days ago, or a course
/// that the caller may see took its slug; 422 when the category doesn't exist.
pub async fn restore(write: &mut Write, id: CourseId, restoration: Restoration) -> Result<(Course, Changes)> {
    let (user, now) = (write.user()?, write.now());
    let caller = write.caller().clone();
    prerequisites::lock(write).await?;
    let course = locked(write, id).await?.ok_or_else(|| Error::not_found("course"))?;
    let Some(deleted_at) = course.deleted_at else {
        return Err(match (course.standing().visible(&caller), course.staffed_by(&caller)) {
            (false, _) => Error::not_found("course"),
            (true, false) => Error::forbidden("Only the staff of a course can restore it."),
            (true, true) => Error::problem(&problem::COURSE_NOT_DELETED, "The course is not deleted."),
        });
    };
    if !course.staffed_by(&caller) {
        return Err(Error::not_found("course"));
    }
    if now - deleted_at > RESTORABLE_FOR {
        return Err(Error::problem(
            &problem::CONFLICT,
            "It was deleted more than 30 days ago, and its files are gone.",
        ));
    }
    if let Some(category) = restoration.category_id {
        check_category(write, category).await?;
    }
    admission::lock(write, id).await?;
    let slug = restoration.slug.unwrap_or_else(|| Slug::of_row(course.slug));
    let slug = slugs::for_course(write, id, slug).await?;
    sqlx::query!(
        "UPDATE courses SET deleted_at = NULL, slug = $2, category_id = coalesce($3, category_id), updated_by = $4
         WHERE id = $1",
        id.0,
        slug.as_str(),
        restoration.category_id.map(|category| category.0),
        user.0,
    )
    .execute(write.connection())
    .await
    .map_err(slugs::taken_meanwhile)?;
    prerequisites::raise_versions_after(write, id).await?;
    let restored = reload(write, id).await?;
    let mut changes = Changes::field("slug", None::<&str>, &restored.slug);
    if restored.category_id != course.category_id {
        changes = changes.and("category_id", course.category_id, restored.category_id);
    }
    Ok((restored, changes))
}
