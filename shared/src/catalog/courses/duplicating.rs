//! A course once more: what another one begins with.

use super::{Course, EditableCourse, reload, slugs};
use crate::catalog::Slug;
use crate::error::{Error, Result};
use crate::id::{CourseId, LessonId, SectionId};
use crate::identity::Permission;
use crate::input::Text;
use crate::optional_fields;
use crate::transaction::Write;

/// What a title can hold.
const LONGEST_TITLE: usize = 255;
/// What the title of a copy ends with.
const COPY: &str = " (copy)";

optional_fields! {
    pub struct Duplication {
        /// The original's with ` (copy)` behind it, unless told.
        title: Option<Text<1, 255>>,
        /// From the title, unless told.
        slug: Option<Slug>,
    }
}

/// A deep copy, as a draft of the same instructor: sections, lessons, tags and prerequisites, and everything that the
/// course says. Uploaded files stay with the original alone: a file is checked, served and removed as its one lesson's,
/// so that a second lesson that named it would lose it, or keep it, against somebody's will. Lessons that are nothing
/// without their file come unpublished.
///
/// # Errors
/// 403 for staff who may not create courses; 409 when a course that the caller may see has the given slug.
pub async fn duplicate(write: &mut Write, original: &EditableCourse, duplication: Duplication) -> Result<Course> {
    if ![Permission::CoursesCreate, Permission::CoursesUpdateAny].iter().any(|each| write.caller().may(*each)) {
        return Err(Error::forbidden("A copy is a new course, and you may not create courses."));
    }
    let id = CourseId::new(write.now());
    insert(write, original, id, duplication).await?;
    copy_words(write, original.id, id).await?;
    copy_lessons(write, original.id, id).await?;
    reload(write, id).await
}

async fn insert(write: &mut Write, original: &EditableCourse, id: CourseId, duplication: Duplication) -> Result<()> {
    let (user, now) = (write.user()?, write.now());
    let title = duplication.title.map_or_else(|| title_of_copy(&original.title), String::from);
    let wanted = duplication.slug.clone().unwrap_or_else(|| Slug::from_title(&title, "course"));
    let mut slug = wanted.clone();
    for _ in 0..slugs::ATTEMPTS {
        let inserted = sqlx::query!(
            "INSERT INTO courses (id, title, slug, description, content, category_id, visibility, is_featured,
               difficulty_level, language, price, required_score, allow_retake, max_attempts, estimated_hours,
               meta_description, meta_keywords, instructor_id, created_by, updated_by, created_at)
             SELECT $2, $3, $4, description, content, category_id, visibility, is_featured,
               difficulty_level, language, price, required_score, allow_retake, max_attempts, estimated_hours,
               meta_description, meta_keywords, instructor_id, $5, $5, $6
             FROM courses WHERE id = $1
             ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING",
            original.id.0,
            id.0,
            title,
            slug.as_str(),
            user.0,
            now,
        )
        .execute(write.connection())
        .await?;
        if inserted.rows_affected() == 1 {
            return Ok(());
        }
        slug = slugs::in_place_of(write, &wanted, duplication.slug.is_some()).await?;
    }
    Err(Error::internal(format!("no slug is free for {}", wanted.as_str())))
}

fn title_of_copy(title: &str) -> String {
    let mut copy: String = title.chars().take(LONGEST_TITLE - COPY.len()).collect();
    copy.push_str(COPY);
    copy
}

async fn copy_words(write: &mut Write, original: CourseId, copy: CourseId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO course_tags (course_id, tag) SELECT $2, tag FROM course_tags WHERE course_id = $1",
        original.0,
        copy.0,
    )
    .execute(write.connection())
    .await?;
    sqlx::query!(
        "INSERT INTO course_prerequisites (course_id, prerequisite_course_id, min_completion_percentage)
         SELECT $2, prerequisite_course_id, min_completion_percentage FROM course_prerequisites WHERE course_id = $1",
        original.0,
        copy.0,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn copy_lessons(write: &mut Write, original: CourseId, copy: CourseId) -> Result<()> {
    let now = write.now();
    let sections =
        sqlx::query_scalar!("SELECT id FROM sections WHERE course_id = $1 ORDER BY display_order, id", original.0)
            .fetch_all(write.connection())
            .await?;
    let new_sections: Vec<_> = sections.iter().map(|_| SectionId::new(now).0).collect();
    sqlx::query!(
        "INSERT INTO sections (id, course_id, title, description, display_order, created_at)
         SELECT m.new, $3, s.title, s.description, m.place, $4
         FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS m (old, new, place) JOIN sections s ON s.id = m.old",
        &sections,
        &new_sections,
        copy.0,
        now,
    )
    .execute(write.connection())
    .await?;
    let lessons = sqlx::query_scalar!(
        "SELECT id FROM lessons WHERE section_id = ANY($1) ORDER BY section_id, display_order, id",
        &sections
    )
    .fetch_all(write.connection())
    .await?;
    let new_lessons: Vec<_> = lessons.iter().map(|_| LessonId::new(now).0).collect();
    sqlx::query!(
        "INSERT INTO lessons (id, section_id, title, description, content, lesson_type, video_url, video_provider,
           external_links, markdown_content, display_order, duration_minutes, is_published, requires_completion, created_at)
         SELECT m.new, s.new, l.title, l.description, l.content, l.lesson_type, l.video_url, l.video_provider,
           l.external_links, l.markdown_content, row_number() OVER (PARTITION BY s.new ORDER BY l.display_order, l.id),
           l.duration_minutes,
           l.is_published AND CASE l.lesson_type
             WHEN 'document' THEN false
             WHEN 'video' THEN l.video_url IS NOT NULL AND l.video_provider IS NOT NULL
             ELSE true END,
           l.requires_completion, $5
         FROM unnest($1::uuid[], $2::uuid[]) AS m (old, new)
         JOIN lessons l ON l.id = m.old
         JOIN unnest($3::uuid[], $4::uuid[]) AS s (old, new) ON s.old = l.section_id",
        &lessons,
        &new_lessons,
        &sections,
        &new_sections,
        now,
    )
    .execute(write.connection())
    .await?;
    sqlx::query!(
        "INSERT INTO lesson_html (lesson_id, html, renderer)
         SELECT m.new, h.html, h.renderer
         FROM unnest($1::uuid[], $2::uuid[]) AS m (old, new) JOIN lesson_html h ON h.lesson_id = m.old",
        &lessons,
        &new_lessons,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::title_of_copy;

    #[test]
    fn a_copys_title_says_so_and_fits() {
        assert_eq!(title_of_copy("Größe"), "Größe (copy)");
        let long = title_of_copy(&"ß".repeat(255));
        assert!(long.chars().count() == 255 && long.ends_with("ß (copy)"), "{long}");
    }
}
