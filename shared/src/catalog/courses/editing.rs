//! Making a course, and changing what it says.

use super::{Course, DifficultyLevel, EditableCourse, Visibility, admission, reload, slugs};
use crate::audit::Changes;
use crate::catalog::prerequisites::{self, NewPrerequisite};
use crate::catalog::tags::{self, Tags};
use crate::catalog::{Language, Slug};
use crate::error::{Error, Fault, Result};
use crate::id::{CategoryId, CourseId};
use crate::input::{Bounded, Change, Clearable, Money, Text};
use crate::transaction::Write;
use crate::{fields, optional_fields};

fields! {
    /// A new course, a draft. The slug comes from the title unless given.
    pub struct NewCourse {
        title: Text<1, 255>,
        description: Text<1, 10000>,
        category_id: CategoryId,
    }
    optional {
        slug: Slug,
        content: Text<0, 200_000>,
        visibility: Visibility,
        is_featured: bool,
        difficulty_level: DifficultyLevel,
        language: Language,
        price: Money,
        required_score: Bounded<0, 100>,
        allow_retake: bool,
        max_attempts: Bounded<1, 1000>,
        estimated_hours: Money,
        tags: Tags,
        prerequisites: Vec<NewPrerequisite>,
        meta_description: Text<0, 500>,
        meta_keywords: Text<0, 500>,
    }
}

optional_fields! {
    pub struct CourseChanges {
        title: Change<Text<1, 255>>,
        slug: Change<Slug>,
        description: Change<Text<1, 10000>>,
        content: Clearable<Text<0, 200_000>>,
        category_id: Change<CategoryId>,
        visibility: Change<Visibility>,
        is_featured: Change<bool>,
        difficulty_level: Change<DifficultyLevel>,
        language: Change<Language>,
        price: Change<Money>,
        required_score: Change<Bounded<0, 100>>,
        allow_retake: Change<bool>,
        max_attempts: Clearable<Bounded<1, 1000>>,
        estimated_hours: Clearable<Money>,
        meta_description: Clearable<Text<0, 500>>,
        meta_keywords: Clearable<Text<0, 500>>,
    }
}

/// Creates a draft that the caller teaches.
///
/// # Errors
/// 409 when a course that the caller may see has the given slug; 422 when the category or a prerequisite doesn't exist.
pub async fn create(write: &mut Write, new: NewCourse) -> Result<Course> {
    check_category(write, new.category_id).await?;
    let id = CourseId::new(write.now());
    insert(write, id, &new).await?;
    if let Some(tags) = &new.tags {
        tags::replace(write, id, tags).await?;
    }
    if let Some(prerequisites) = &new.prerequisites {
        prerequisites::begin(write, id, prerequisites).await?;
    }
    reload(write, id).await
}

/// Inserts the row under the wanted slug, or with a suffix behind it when that is taken.
async fn insert(write: &mut Write, id: CourseId, new: &NewCourse) -> Result<()> {
    let user = write.user()?;
    let now = write.now();
    let wanted = new.slug.clone().unwrap_or_else(|| Slug::from_title(new.title.as_str(), "course"));
    let mut slug = wanted.clone();
    for _ in 0..slugs::ATTEMPTS {
        let inserted = sqlx::query!(
            "INSERT INTO courses (id, title, slug, description, content, category_id, visibility, is_featured,
               difficulty_level, language, price, required_score, allow_retake, max_attempts, estimated_hours,
               meta_description, meta_keywords, instructor_id, created_by, updated_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, 'public'), coalesce($8, false),
               coalesce($9, 'beginner'), coalesce($10, 'en'), coalesce($11, 0.00), coalesce($12, 0), coalesce($13, true), $14, $15,
               $16, $17, $18, $18, $18, $19)
             ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING",
            id.0,
            new.title.as_str(),
            slug.as_str(),
            new.description.as_str(),
            new.content.as_ref().map(Text::as_str),
            new.category_id.0,
            new.visibility.map(Visibility::as_str),
            new.is_featured,
            new.difficulty_level.map(DifficultyLevel::as_str),
            new.language.as_ref().map(Language::as_str),
            new.price.map(Money::decimal),
            new.required_score.map(i32::from),
            new.allow_retake,
            new.max_attempts.map(i32::from),
            new.estimated_hours.map(Money::decimal),
            new.meta_description.as_ref().map(Text::as_str),
            new.meta_keywords.as_ref().map(Text::as_str),
            user.0,
            now,
        )
        .execute(write.connection())
        .await?;
        if inserted.rows_affected() == 1 {
            return Ok(());
        }
        slug = slugs::in_place_of(write, &wanted, new.slug.is_some()).await?;
    }
    Err(Error::internal(format!("no slug is free for {}", wanted.as_str())))
}

/// # Errors
/// 422 when there is no such category.
pub(super) async fn check_category(write: &mut Write, id: CategoryId) -> Result<()> {
    let exists = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM categories WHERE id = $1) AS "exists!""#, id.0)
        .fetch_one(write.connection())
        .await?;
    if exists {
        Ok(())
    } else {
        Err(Error::invalid(Fault::at("/category_id", "unknown_category", "There is no such category.")))
    }
}

/// Changes the course, and raises its version.
///
/// # Errors
/// 409 when a course that the caller may see has the slug; 422 when the category doesn't exist.
pub async fn update(write: &mut Write, course: &EditableCourse, changes: CourseChanges) -> Result<(Course, Changes)> {
    let mut after = course.0.clone();
    changes.title.apply(&mut after.title);
    if let Some(slug) = changes.slug.0 {
        after.slug = slugs::for_course(write, course.id, slug).await?.into();
    }
    changes.description.apply(&mut after.description);
    changes.content.apply(&mut after.content);
    changes.category_id.apply(&mut after.category_id);
    changes.visibility.apply(&mut after.visibility);
    changes.is_featured.apply(&mut after.is_featured);
    changes.difficulty_level.apply(&mut after.difficulty_level);
    changes.language.apply(&mut after.language);
    changes.price.apply(&mut after.price);
    changes.required_score.apply(&mut after.required_score);
    changes.allow_retake.apply(&mut after.allow_retake);
    changes.max_attempts.apply(&mut after.max_attempts);
    changes.estimated_hours.apply(&mut after.estimated_hours);
    changes.meta_description.apply(&mut after.meta_description);
    changes.meta_keywords.apply(&mut after.meta_keywords);
    let changed = Changes::between(&course.0, &after)?;
    if changed.is_empty() {
        return Ok((after, changed));
    }
    if (after.visibility, after.price) != (course.visibility, course.price) {
        admission::lock(write, course.id).await?;
    }
    if after.category_id != course.category_id {
        check_category(write, after.category_id).await?;
    }
    let user = write.user()?;
    sqlx::query!(
        "UPDATE courses SET title = $2, slug = $3, description = $4, content = $5, category_id = $6, visibility = $7,
           is_featured = $8, difficulty_level = $9, language = $10, price = $11, required_score = $12,
           allow_retake = $13, max_attempts = $14, estimated_hours = $15, meta_description = $16, meta_keywords = $17,
           updated_by = $18
         WHERE id = $1",
        after.id.0,
        after.title,
        after.slug,
        after.description,
        after.content,
        after.category_id.0,
        after.visibility.as_str(),
        after.is_featured,
        after.difficulty_level.as_str(),
        after.language,
        after.price.decimal(),
        after.required_score,
        after.allow_retake,
        after.max_attempts,
        after.estimated_hours.map(Money::decimal),
        after.meta_description,
        after.meta_keywords,
        user.0,
    )
    .execute(write.connection())
    .await
    .map_err(slugs::taken_meanwhile)?;
    Ok((reload(write, after.id).await?, changed))
}
