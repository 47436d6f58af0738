//! Writing lessons, publishing them, moving them.

use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Lesson, LessonType, Link, Links, Rendered, VideoProvider, find, html, placing, video_link};
use crate::audit::Changes;
use crate::catalog::WebUrl;
use crate::catalog::courses::admission;
use crate::catalog::sections::{self, EditableSection};
use crate::error::{Error, Result};
use crate::id::{LessonId, SectionId};
use crate::input::{Bounded, Change, Clearable, DisplayOrder, Text};
use crate::problem;
use crate::transaction::Write;
use crate::{fields, optional_fields};

fields! {
    /// A new lesson, unpublished unless `is_published` is true. It comes last unless `display_order` names a place; the
    /// lessons there make room.
    pub struct NewLesson {
        title: Text<1, 255>,
    }
    optional {
        description: Text<0, 10000>,
        content: Text<0, 200_000>,
        lesson_type: LessonType,
        video_url: WebUrl,
        video_provider: VideoProvider,
        external_links: Links,
        markdown_content: Text<0, 200_000>,
        display_order: DisplayOrder,
        duration_minutes: Bounded<0, 100_000>,
        is_published: bool,
        requires_completion: bool,
    }
}

optional_fields! {
    pub struct LessonChanges {
        title: Change<Text<1, 255>>,
        description: Clearable<Text<0, 10000>>,
        content: Clearable<Text<0, 200_000>>,
        lesson_type: Change<LessonType>,
        video_url: Clearable<WebUrl>,
        video_provider: Clearable<VideoProvider>,
        external_links: Change<Links>,
        markdown_content: Clearable<Text<0, 200_000>>,
        display_order: Change<DisplayOrder>,
        duration_minutes: Clearable<Bounded<0, 100_000>>,
        is_published: Change<bool>,
        requires_completion: Change<bool>,
        /// Moves it to another section of its course: to its end, unless `display_order` names a place.
        section_id: Change<SectionId>,
    }
}

/// A lesson whose course the caller may edit; all three are locked until the end of the write. Only [`editable`]
/// makes one.
pub struct EditableLesson(Lesson);

impl std::ops::Deref for EditableLesson {
    type Target = Lesson;

    fn deref(&self) -> &Lesson {
        &self.0
    }
}

/// Locks the lesson, after its course and its section, for an edit by its staff.
///
/// # Errors
/// 404 when the caller's outline would not show it, 403 when they are not staff of the course.
pub async fn editable(write: &mut Write, id: LessonId) -> Result<EditableLesson> {
    let seen = find(write, id).await?;
    let refused = |error: Error| {
        let hidden = error.is(&problem::FORBIDDEN) && !seen.is_published;
        if hidden { Error::not_found("lesson") } else { sections::hidden(error, "lesson") }
    };
    let section = sections::editable(write, seen.section_id).await.map_err(refused)?;
    sqlx::query!("SELECT id FROM lessons WHERE id = $1 FOR NO KEY UPDATE", id.0)
        .fetch_optional(write.connection())
        .await?;
    let lesson = find(write, id).await?;
    if lesson.section_id != section.id {
        return Err(Error::Retry("the lesson was moved while it was waited for".into()));
    }
    Ok(EditableLesson(lesson))
}

/// Adds a lesson to the section.
///
/// # Errors
/// 409 when it is published without what its type needs, or the course has 1,000 lessons; 422 for an address at which its
/// provider plays no video.
pub async fn create(write: &mut Write, section: &EditableSection, new: Rendered<NewLesson>) -> Result<Lesson> {
    let Rendered { input: new, html } = new;
    check_count(write, section).await?;
    let now = write.now();
    let id = LessonId::new(now);
    let links: Vec<Link> = new.external_links.unwrap_or_default().into();
    let display_order = placing::of_new(write, section.id, new.display_order.map(i32::from)).await?;
    sqlx::query!(
        "INSERT INTO lessons (id, section_id, title, description, content, lesson_type, video_url, video_provider,
           external_links, markdown_content, display_order, duration_minutes, is_published, requires_completion, created_at)
         VALUES ($1, $2, $3, $4, $5, coalesce($6, 'text'), $7, $8, $9, $10, $11, $12, $13, coalesce($14, true), $15)",
        id.0,
        section.id.0,
        new.title.as_str(),
        new.description.map(String::from),
        new.content.map(String::from),
        new.lesson_type.map(LessonType::as_str),
        new.video_url.map(String::from),
        new.video_provider.map(VideoProvider::as_str),
        json!(links),
        new.markdown_content.map(String::from),
        display_order,
        new.duration_minutes.map(i32::from),
        new.is_published.unwrap_or(false),
        new.requires_completion,
        now,
    )
    .execute(write.connection())
    .await?;
    if let Some(html) = &html {
        html::store(write, id, html).await?;
    }
    let lesson = find(write, id).await?;
    video_link::check(lesson.video_provider, lesson.video_url.as_deref())?;
    check_publishable(&lesson)?;
    if lesson.counts() {
        write.wake_progress();
    }
    Ok(lesson)
}

/// An outline of more lessons would not fit an answer.
const MOST_LESSONS: i64 = 1000;

/// Fails with 409 when the course of the section, which is locked, has as many lessons as it can have.
async fn check_count(write: &mut Write, section: &EditableSection) -> Result<()> {
    let lessons = sqlx::query_scalar!(
        r#"SELECT count(*) AS "lessons!" FROM lessons l JOIN sections s ON s.id = l.section_id WHERE s.course_id = $1"#,
        section.course_id.0,
    )
    .fetch_one(write.connection())
    .await?;
    if lessons < MOST_LESSONS {
        return Ok(());
    }
    Err(Error::problem(&problem::LIMIT_REACHED, format!("A course has up to {MOST_LESSONS} lessons.")))
}

/// What a lesson of its type needs before anyone but staff sees it.
pub(super) fn check_publishable(lesson: &Lesson) -> Result<()> {
    let some = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    let mut missing = Vec::new();
    match lesson.lesson_type {
        _ if !lesson.is_published => {}
        LessonType::Video if lesson.self_hosted_video_path.is_some() => {}
        LessonType::Video => {
            if lesson.video_url.is_none() {
                missing.push(("video_url", "A video lesson needs a video_url, or an uploaded video."));
            }
            if lesson.video_provider.is_none() {
                missing.push(("video_provider", "The video_url needs its video_provider."));
            }
        }
        LessonType::Document if lesson.document_paths.is_empty() => {
            missing.push(("document_paths", "A document lesson needs an uploaded document."));
        }
        LessonType::Text | LessonType::Quiz | LessonType::Assignment
            if !some(&lesson.markdown_content) && !some(&lesson.content) =>
        {
            missing.push(("markdown_content", "The lesson needs markdown_content or content."));
        }
        _ => {}
    }
    let Some((_, first)) = missing.first() else { return Ok(()) };
    let all: Vec<_> = missing.iter().map(|(code, detail)| json!({ "code": code, "detail": detail })).collect();
    Err(Error::problem(&problem::NOT_PUBLISHABLE, format!("It can't be published yet. {first}")).with("missing", all))
}

/// Changes the lesson. What is stored is not checked, so that any lesson can be repaired.
///
/// # Errors
/// 409 when it is or becomes published without what its type needs; 422 for a section of another course, or an address
/// at which its provider plays no video.
pub async fn update(
    write: &mut Write,
    lesson: &EditableLesson,
    changes: Rendered<LessonChanges>,
) -> Result<(Lesson, Changes)> {
    let Rendered { input: changes, html } = changes;
    let mut after = lesson.0.clone();
    let wanted = changes.display_order.0.map(i32::from);
    changes.title.apply(&mut after.title);
    changes.description.apply(&mut after.description);
    changes.content.apply(&mut after.content);
    changes.lesson_type.apply(&mut after.lesson_type);
    changes.video_url.apply(&mut after.video_url);
    changes.video_provider.apply(&mut after.video_provider);
    if let Some(links) = changes.external_links.0 {
        after.external_links = Json(links.into());
    }
    changes.markdown_content.apply(&mut after.markdown_content);
    changes.duration_minutes.apply(&mut after.duration_minutes);
    changes.is_published.apply(&mut after.is_published);
    changes.requires_completion.apply(&mut after.requires_completion);
    changes.section_id.apply(&mut after.section_id);
    if (after.video_provider, &after.video_url) != (lesson.video_provider, &lesson.video_url) {
        video_link::check(after.video_provider, after.video_url.as_deref())?;
    }
    check_publishable(&after)?;
    if lesson.is_published && !after.is_published {
        admission::lock(write, lesson.course_id).await?;
    }
    after.display_order = placing::of_changed(write, lesson, after.section_id, wanted).await?;
    let changed = Changes::between(&lesson.0, &after)?;
    if changed.is_empty() {
        return Ok((after, changed));
    }
    store(write, &after).await?;
    if let Some(html) = &html {
        html::store(write, after.id, html).await?;
    }
    let after = find(write, after.id).await?;
    if after.counts() != lesson.counts() {
        write.wake_progress();
    }
    Ok((after, changed))
}

async fn store(write: &mut Write, lesson: &Lesson) -> Result<()> {
    sqlx::query!(
        "UPDATE lessons SET title = $2, description = $3, content = $4, lesson_type = $5, video_url = $6,
           video_provider = $7, external_links = $8, markdown_content = $9, display_order = $10, duration_minutes = $11,
           is_published = $12, requires_completion = $13, section_id = $14
         WHERE id = $1",
        lesson.id.0,
        lesson.title,
        lesson.description,
        lesson.content,
        lesson.lesson_type.as_str(),
        lesson.video_url,
        lesson.video_provider.map(VideoProvider::as_str),
        json!(lesson.external_links),
        lesson.markdown_content,
        lesson.display_order,
        lesson.duration_minutes,
        lesson.is_published,
        lesson.requires_completion,
        lesson.section_id.0,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Deletes the lesson. Waits for completions that are under way.
///
/// # Errors
/// 409 when somebody completed it: what happened is kept, and the lesson can be unpublished.
pub async fn delete(write: &mut Write, lesson: &EditableLesson) -> Result<()> {
    admission::lock(write, lesson.course_id).await?;
    sqlx::query!("SELECT id FROM lessons WHERE id = $1 FOR UPDATE", lesson.id.0)
        .fetch_optional(write.connection())
        .await?;
    refuse_completed(write, &[lesson.id.0]).await?;
    sqlx::query!("DELETE FROM lessons WHERE id = $1", lesson.id.0).execute(write.connection()).await?;
    if lesson.counts() {
        write.wake_progress();
    }
    Ok(())
}

/// Lets lessons be deleted that nobody completed. They and the admission of their course are locked in earlier statements, so that
/// this one sees what was committed while those waited.
///
/// # Errors
/// 409 that lists those that somebody completed.
pub(in crate::catalog) async fn refuse_completed(write: &mut Write, lessons: &[Uuid]) -> Result<()> {
    let completed = sqlx::query!(
        "SELECT id, title FROM lessons l
         WHERE id = ANY ($1) AND EXISTS (SELECT FROM lesson_completions WHERE lesson_id = l.id)
         ORDER BY display_order, id",
        lessons,
    )
    .fetch_all(write.connection())
    .await?;
    let detail = match completed.len() {
        0 => return Ok(()),
        1 => "Learners completed this lesson; unpublish it instead.",
        _ => "Learners completed these lessons; unpublish them instead.",
    };
    let lessons: Vec<_> = completed.iter().map(|lesson| json!({ "id": lesson.id, "title": lesson.title })).collect();
    Err(Error::problem(&problem::LESSON_COMPLETED, detail).with("lessons", lessons))
}
