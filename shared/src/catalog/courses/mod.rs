//! Courses: what they are, who sees them, and how they change.

pub(crate) mod admission;
mod duplicating;
mod editing;
mod finding;
mod lifecycle;
mod outline;
mod slugs;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Standing;
use crate::error::{Error, Result};
use crate::id::{CategoryId, CourseId, UserId};
use crate::identity::{Caller, Permission};
use crate::input::{Money, text_enum};
use crate::transaction::{Read, Write};
use crate::version::{Tag, Version};

pub use duplicating::{Duplication, duplicate};
pub use editing::{CourseChanges, NewCourse, create, update};
pub use finding::{CategoryCount, CourseSummary, Facets, Filter, Price, Sort, ValueCount, facets, list};
pub use lifecycle::{Restoration, archive, delete, publish, restore, unpublish};
pub use outline::{Outline, OutlineLesson, OutlineSection, outline};

text_enum! {
    CourseStatus { Draft = "draft", Published = "published", Archived = "archived" }
}

text_enum! {
    /// `restricted` is listed and takes learners through its staff only; `private` is known to staff and the enrolled.
    Visibility { Public = "public", Private = "private", Restricted = "restricted" }
}

text_enum! {
    DifficultyLevel { Beginner = "beginner", Intermediate = "intermediate", Advanced = "advanced" }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Course {
    pub id: CourseId,
    pub title: String,
    pub slug: String,
    pub description: String,
    pub content: Option<String>,
    pub thumbnail_url: Option<String>,
    pub instructor_id: UserId,
    #[schema(value_type = Instructor)]
    pub instructor: Json<Instructor>,
    pub category_id: CategoryId,
    pub status: CourseStatus,
    pub visibility: Visibility,
    pub is_featured: bool,
    pub difficulty_level: DifficultyLevel,
    pub language: String,
    pub price: Money,
    /// The courses that come first.
    #[schema(value_type = Vec<CourseId>)]
    pub prerequisites: Json<Vec<Uuid>>,
    pub required_score: i32,
    pub allow_retake: bool,
    pub max_attempts: Option<i32>,
    pub estimated_hours: Option<Money>,
    #[schema(value_type = Vec<String>)]
    pub tags: Json<Vec<String>>,
    pub meta_description: Option<String>,
    pub meta_keywords: Option<String>,
    /// The first time.
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: Version,
    #[serde(skip)]
    created_by: UserId,
    /// Of a deleted course, which administrators see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Whether the caller is enrolled.
    #[serde(skip)]
    enrolled: bool,
    /// The version of what the instructor shows.
    #[serde(skip)]
    instructor_version: i32,
}

/// Who teaches, as anyone may know them: never the email.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Instructor {
    pub id: Uuid,
    pub first_name: String,
    pub last_name: String,
    pub profile_picture_url: Option<String>,
    pub bio: Option<String>,
}

impl Course {
    pub(crate) fn standing(&self) -> Standing {
        Standing {
            status: self.status,
            visibility: self.visibility,
            instructor_id: self.instructor_id,
            created_by: self.created_by,
            enrolled: self.enrolled,
        }
    }

    /// Returns the entity tag of the course as it is shown, instructor included.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.version.and_shown(self.instructor_version)
    }

    /// Whether the caller is staff of it.
    #[must_use]
    pub fn staffed_by(&self, caller: &Caller) -> bool {
        self.standing().staff(caller)
    }
}

/// Selects courses as the caller `$1` stands to them.
macro_rules! select_course {
    ($tail:literal, $caller:expr $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Course,
            r#"SELECT c.id AS "id: CourseId", c.title, c.slug, c.description, c.content, c.thumbnail_url,
                 c.instructor_id AS "instructor_id: UserId",
                 shown_to_anyone(i) AS "instructor!: Json<Instructor>",
                 c.category_id AS "category_id: CategoryId", c.status AS "status: CourseStatus",
                 c.visibility AS "visibility: Visibility", c.is_featured,
                 c.difficulty_level AS "difficulty_level: DifficultyLevel", c.language, c.price AS "price: Money",
                 c.prerequisites AS "prerequisites: Json<Vec<Uuid>>", c.required_score, c.allow_retake, c.max_attempts,
                 c.estimated_hours AS "estimated_hours: Money", c.tags AS "tags: Json<Vec<String>>",
                 c.meta_description, c.meta_keywords, c.published_at, c.created_at, c.updated_at,
                 c.version AS "version: Version", c.created_by AS "created_by: UserId", c.deleted_at,
                 EXISTS (SELECT FROM enrollments e WHERE e.course_id = c.id AND e.user_id = $1 AND e.status <> 'dropped') AS "enrolled!",
                 i.shown_version AS instructor_version
               FROM courses c JOIN users i ON i.id = c.instructor_id "# + $tail,
            $caller
            $(, $argument)*
        )
    };
}

/// What a path names a course by.
#[derive(Debug, Clone)]
pub enum Reference {
    Id(CourseId),
    Slug(String),
}

impl Reference {
    /// A slug can't look like an id.
    #[must_use]
    pub fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Slug(text.to_owned()), Self::Id)
    }

    fn parts(&self) -> (Option<Uuid>, Option<&str>) {
        match self {
            Self::Id(id) => (Some(id.0), None),
            Self::Slug(slug) => (None, Some(slug)),
        }
    }
}

/// The course, if the caller may see it.
///
/// # Errors
/// 404.
pub async fn visible(read: &mut Read, reference: &Reference) -> Result<Course> {
    let caller = read.caller().clone();
    let user = caller.user_id().map(|user| user.0);
    let found = match reference {
        Reference::Id(id) => {
            select_course!("WHERE c.id = $2 AND c.deleted_at IS NULL", user, id.0)
                .fetch_optional(read.connection())
                .await?
        }
        Reference::Slug(slug) => {
            select_course!("WHERE c.slug = $2 AND c.deleted_at IS NULL", user, slug)
                .fetch_optional(read.connection())
                .await?
        }
    };
    found.filter(|course| course.standing().visible(&caller)).ok_or_else(|| Error::not_found("course"))
}

/// A deleted course, for administrators; of several that had the slug, the last.
///
/// # Errors
/// 404, also for everyone else.
pub async fn deleted(read: &mut Read, reference: &Reference) -> Result<Course> {
    if !read.caller().may(Permission::CoursesUpdateAny) {
        return Err(Error::not_found("course"));
    }
    let user = read.caller().user_id().map(|user| user.0);
    let (id, slug) = reference.parts();
    select_course!(
        "WHERE (c.id = $2 OR c.slug = $3) AND c.deleted_at IS NOT NULL ORDER BY c.deleted_at DESC LIMIT 1",
        user,
        id,
        slug
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("course"))
}

/// The course, for whoever may look at any.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn existing(read: &mut Read, reference: &Reference) -> Result<CourseId> {
    let (id, slug) = reference.parts();
    sqlx::query_scalar!(
        r#"SELECT id AS "id: CourseId" FROM courses WHERE (id = $1 OR slug = $2) AND deleted_at IS NULL"#,
        id,
        slug
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("course"))
}

/// Returns the course, if the caller may see it, to enrol learners in it. Holds its admission lock until the end of the
/// write.
///
/// # Errors
/// 404.
pub async fn held(write: &mut Write, reference: &Reference) -> Result<Course> {
    let id = match reference {
        Reference::Id(id) => *id,
        Reference::Slug(_) => existing(write, reference).await?,
    };
    admission::hold(write, id).await?;
    visible(write, &Reference::Id(id)).await
}

/// A course that the caller may edit, locked until the end of the write. Only [`editable`] makes one.
#[derive(Debug)]
pub struct EditableCourse(Course);

impl std::ops::Deref for EditableCourse {
    type Target = Course;

    fn deref(&self) -> &Course {
        &self.0
    }
}

/// Locks the course for an edit by its staff.
///
/// # Errors
/// 404 when the caller may not see it, 403 when they may, and are not staff of it.
pub async fn editable(write: &mut Write, id: CourseId) -> Result<EditableCourse> {
    let caller = write.caller().clone();
    let course = locked(write, id)
        .await?
        .filter(|course| course.deleted_at.is_none() && course.standing().visible(&caller))
        .ok_or_else(|| Error::not_found("course"))?;
    if course.staffed_by(&caller) {
        Ok(EditableCourse(course))
    } else {
        Err(Error::forbidden("Only the staff of a course can change it."))
    }
}

/// Locks the course, deleted or not, whoever may see it.
async fn locked(write: &mut Write, id: CourseId) -> Result<Option<Course>> {
    let user = write.caller().user_id().map(|user| user.0);
    Ok(select_course!("WHERE c.id = $2 FOR NO KEY UPDATE OF c", user, id.0).fetch_optional(write.connection()).await?)
}

/// The course as it is now, after an edit.
pub(super) async fn reload(write: &mut Write, id: CourseId) -> Result<Course> {
    let user = write.caller().user_id().map(|user| user.0);
    Ok(select_course!("WHERE c.id = $2", user, id.0).fetch_one(write.connection()).await?)
}
