//! The content of `infra/local/demo`, compiled into the program, so that it runs without its sources.

use anyhow::{Context, Result, bail};
use include_dir::{Dir, include_dir};
use serde::Deserialize;

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/demo");
/// The duration of `media/request-path.mp4`.
const VIDEO_SECONDS: i32 = 56;

#[derive(Deserialize)]
pub struct Content {
    pub categories: Vec<Category>,
    pub courses: Vec<Course>,
}

#[derive(Deserialize)]
pub struct Category {
    pub name: String,
    pub slug: String,
    pub description: String,
    pub display_order: i32,
}

#[derive(Deserialize)]
pub struct Course {
    pub slug: String,
    pub title: String,
    pub description: String,
    pub content: String,
    pub category: String,
    pub difficulty_level: String,
    pub language: String,
    pub price: String,
    pub visibility: String,
    pub is_featured: bool,
    pub estimated_hours: String,
    pub tags: Vec<String>,
    pub meta_description: String,
    pub meta_keywords: String,
    #[serde(default)]
    pub prerequisites: Vec<Prerequisite>,
    pub sections: Vec<Section>,
}

#[derive(Deserialize)]
pub struct Prerequisite {
    pub slug: String,
    pub min_completion_percentage: i32,
}

#[derive(Deserialize)]
pub struct Section {
    pub title: String,
    pub description: String,
    pub lessons: Vec<Lesson>,
}

#[derive(Deserialize)]
pub struct Lesson {
    pub title: String,
    pub description: String,
    #[serde(rename = "lesson_type")]
    pub kind: String,
    pub markdown: String,
    pub duration_minutes: i32,
    pub requires_completion: bool,
    pub is_published: bool,
    #[serde(default)]
    pub external_links: serde_json::Value,
    pub video: Option<String>,
    #[serde(default)]
    pub documents: Vec<String>,
}

impl Content {
    pub fn read() -> Result<Self> {
        let mut content: Self = serde_json::from_str(text("demo.json")?).context("demo.json")?;
        for lesson in
            content.courses.iter_mut().flat_map(|course| &mut course.sections).flat_map(|section| &mut section.lessons)
        {
            if lesson.external_links.is_null() {
                lesson.external_links = serde_json::json!([]);
            }
        }
        Ok(content)
    }
}

/// Returns a text file of the folder.
pub fn text(path: &str) -> Result<&'static str> {
    FILES.get_file(path).and_then(|file| file.contents_utf8()).with_context(|| format!("{path} is missing"))
}

/// A video or document of the folder.
pub struct Media {
    pub name: &'static str,
    pub extension: &'static str,
    pub kind: &'static str,
    pub content_type: &'static str,
    pub duration_seconds: Option<i32>,
    pub bytes: &'static [u8],
}

pub fn media(path: &str) -> Result<Media> {
    let file = FILES.get_file(path).with_context(|| format!("{path} is missing"))?;
    let name = file.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let extension = file.path().extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let (kind, content_type, duration_seconds) = match extension {
        "mp4" => ("video", "video/mp4", Some(VIDEO_SECONDS)),
        "pdf" => ("document", "application/pdf", None),
        other => bail!("no demo file may end with {other}"),
    };
    Ok(Media { name, extension, kind, content_type, duration_seconds, bytes: file.contents() })
}
