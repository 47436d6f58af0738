//! Lessons: what they hold, who reads them, and how they change.

mod editing;
mod files;
mod html;
mod links;
mod placing;
mod reading;
mod video_link;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;
use utoipa::ToSchema;

use super::markdown::RENDERER;
use crate::error::{Error, Result};
use crate::id::{CourseId, LessonId, SectionId};
use crate::input::text_enum;
use crate::transaction::Read;
use crate::version::Version;

pub(super) use editing::refuse_completed;
pub use editing::{EditableLesson, LessonChanges, NewLesson, create, delete, editable, update};
pub(crate) use files::{without_document, without_video};
pub use html::{Rendered, keep_html, with_html};
pub use links::{Link, Links, NewLink};
pub use placing::set_order;
pub use reading::{ReadableLesson, held, open, read as get};

text_enum! {
    LessonType { Video = "video", Document = "document", Quiz = "quiz", Assignment = "assignment", Text = "text" }
}

text_enum! {
    VideoProvider { Youtube = "youtube", Vimeo = "vimeo", SelfHosted = "self_hosted" }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Lesson {
    pub id: LessonId,
    pub section_id: SectionId,
    pub course_id: CourseId,
    pub title: String,
    pub description: Option<String>,
    pub content: Option<String>,
    pub lesson_type: LessonType,
    pub video_url: Option<String>,
    pub video_provider: Option<VideoProvider>,
    /// Set by an upload; GET …/media gives addresses that play.
    pub self_hosted_video_path: Option<String>,
    /// Set by uploads; GET …/media gives addresses that download.
    #[schema(value_type = Vec<String>)]
    pub document_paths: Json<Vec<String>>,
    #[schema(value_type = Vec<Link>)]
    pub external_links: Json<Vec<Link>>,
    /// CommonMark with tables.
    pub markdown_content: Option<String>,
    /// The Markdown as HTML in which nothing can run. Markdown that today would be refused stands there as plain text.
    pub html_content: Option<String>,
    pub display_order: i32,
    pub duration_minutes: Option<i32>,
    pub is_published: bool,
    /// Whether it counts for progress.
    pub requires_completion: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: Version,
}

impl Lesson {
    /// Whether it counts for progress (`docs/semantics.md`, Courses).
    fn counts(&self) -> bool {
        self.is_published && self.requires_completion
    }

    /// Whether its Markdown was stored by a version that rendered it otherwise or did not store its HTML.
    #[must_use]
    pub fn lacks_html(&self) -> bool {
        self.markdown_content.is_some() && self.html_content.is_none()
    }
}

/// Selects the lesson `$1` with its course and its HTML, after the common table expression `$with`.
macro_rules! select_lesson {
    ($with:literal, $id:expr $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Lesson,
            $with + r#"SELECT l.id AS "id: LessonId", l.section_id AS "section_id: SectionId", s.course_id AS "course_id: CourseId",
                 l.title, l.description, l.content, l.lesson_type AS "lesson_type: LessonType", l.video_url,
                 l.video_provider AS "video_provider: VideoProvider", l.self_hosted_video_path,
                 l.document_paths AS "document_paths: Json<Vec<String>>",
                 l.external_links AS "external_links: Json<Vec<Link>>", l.markdown_content,
                 CASE WHEN l.markdown_content IS NOT NULL THEN h.html END AS html_content, l.display_order, l.duration_minutes, l.is_published,
                 l.requires_completion, l.created_at, l.updated_at, l.version AS "version: Version"
               FROM lessons l JOIN sections s ON s.id = l.section_id
               LEFT JOIN lesson_html h ON h.lesson_id = l.id AND h.renderer = $2
               WHERE l.id = $1"#,
            $id,
            RENDERER
            $(, $argument)*
        )
    };
}
use select_lesson;

async fn find(read: &mut Read, id: LessonId) -> Result<Lesson> {
    select_lesson!("", id.0).fetch_optional(read.connection()).await?.ok_or_else(|| Error::not_found("lesson"))
}
