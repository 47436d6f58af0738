//! The HTML of a lesson's Markdown: rendered before the write that stores both, outside of its transaction.

use super::{Lesson, LessonChanges, NewLesson};
use crate::catalog::markdown::{self, RENDERER};
use crate::error::Result;
use crate::id::LessonId;
use crate::transaction::{Read, Write};

/// What was sent for a lesson, with the HTML of its Markdown. Only `render` of the input makes one.
pub struct Rendered<T> {
    pub(super) input: T,
    /// `None` when no Markdown was sent.
    pub(super) html: Option<String>,
}

impl NewLesson {
    /// Renders the Markdown. Release the connection of the call first.
    ///
    /// # Errors
    /// 422 when it nests too deeply or becomes too much HTML.
    pub async fn render(self) -> Result<Rendered<Self>> {
        let html = match &self.markdown_content {
            Some(markdown) => Some(markdown::render(markdown.as_str(), "/markdown_content").await?),
            None => None,
        };
        Ok(Rendered { input: self, html })
    }
}

impl LessonChanges {
    /// Renders the Markdown, if it changes. Release the connection of the call first.
    ///
    /// # Errors
    /// 422 when it nests too deeply or becomes too much HTML.
    pub async fn render(self) -> Result<Rendered<Self>> {
        let html = match &self.markdown_content.0 {
            Some(Some(markdown)) => Some(markdown::render(markdown.as_str(), "/markdown_content").await?),
            Some(None) | None => None,
        };
        Ok(Rendered { input: self, html })
    }
}

/// Stores the HTML of the Markdown that the same write stored.
pub(super) async fn store(write: &mut Write, id: LessonId, html: &str) -> Result<()> {
    sqlx::query!(
        "INSERT INTO lesson_html (lesson_id, html, renderer) VALUES ($1, $2, $3)
         ON CONFLICT (lesson_id) DO UPDATE SET html = excluded.html, renderer = excluded.renderer",
        id.0,
        html,
        RENDERER,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Renders the Markdown of a lesson that [lacks its HTML](Lesson::lacks_html). Call it without a database connection.
///
/// # Errors
/// 500 when the thread that renders fails.
pub async fn with_html(mut lesson: Lesson) -> Result<Lesson> {
    if let Some(markdown) = &lesson.markdown_content {
        lesson.html_content = Some(markdown::render_stored(markdown).await?);
    }
    Ok(lesson)
}

/// Keeps the HTML of a lesson for the next reader, unless the lesson was changed meanwhile or is being changed.
///
/// # Errors
/// 503 when the database is away.
pub async fn keep_html(read: &mut Read, lesson: &Lesson) -> Result<()> {
    sqlx::query!(
        "INSERT INTO lesson_html (lesson_id, html, renderer)
         SELECT id, $3, $4 FROM lessons WHERE id = $1 AND version = $2 FOR SHARE SKIP LOCKED
         ON CONFLICT (lesson_id) DO UPDATE SET html = excluded.html, renderer = excluded.renderer
           WHERE lesson_html.renderer <> excluded.renderer",
        lesson.id.0,
        lesson.version.0,
        lesson.html_content,
        RENDERER,
    )
    .execute(read.connection())
    .await?;
    Ok(())
}
