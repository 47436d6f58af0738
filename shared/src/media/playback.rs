//! Signed URLs of a lesson's video and documents, valid for 15 minutes.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::file_type::{FileType, UploadKind};
use super::storage::{Disposition, SIGNED_FOR, Storage};
use crate::catalog::lessons::ReadableLesson;
use crate::error::Result;
use crate::id::DocumentId;
use crate::transaction::Read;

#[derive(Debug, Serialize, ToSchema)]
pub struct Media {
    pub video: Option<Video>,
    pub documents: Vec<Document>,
    /// When the URLs expire.
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Video {
    /// Plays in the page. Supports range requests.
    pub url: String,
    pub content_type: String,
    pub size_bytes: i64,
    pub duration_seconds: Option<i32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Document {
    pub document_id: DocumentId,
    pub file_name: String,
    /// Downloads the file under its name.
    pub url: String,
    pub content_type: String,
    pub size_bytes: i64,
}

/// A file that a lesson shows.
pub struct File {
    id: DocumentId,
    is_video: bool,
    name: String,
    content_type: String,
    size_bytes: i64,
    storage_path: String,
    duration_seconds: Option<i32>,
}

/// Returns the files that a lesson shows, in the lesson's order. Files that are not checked are left out.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn files(read: &mut Read, lesson: &ReadableLesson) -> Result<Vec<File>> {
    Ok(sqlx::query_as!(
        File,
        r#"SELECT u.id AS "id: DocumentId", u.kind = 'video' AS "is_video!", u.file_name AS name, u.content_type, u.size_bytes,
             u.storage_path AS "storage_path!", u.duration_seconds
           FROM lessons l
           JOIN uploads u ON u.lesson_id = l.id AND u.status = 'ready'
           LEFT JOIN LATERAL jsonb_array_elements_text(l.document_paths) WITH ORDINALITY AS d (path, position)
             ON d.path = u.storage_path
           WHERE l.id = $1 AND (u.storage_path = l.self_hosted_video_path OR d.path IS NOT NULL)
           ORDER BY d.position"#,
        lesson.id.0,
    )
    .fetch_all(read.connection())
    .await?)
}

/// Signs the URLs of the files. Needs no connection to the database.
///
/// # Errors
/// Fails when there are no credentials to sign with.
pub async fn sign(storage: &Storage, files: Vec<File>, now: DateTime<Utc>) -> Result<Media> {
    let mut media = Media { video: None, documents: Vec::new(), expires_at: now + SIGNED_FOR };
    for file in files {
        let known = FileType::by_content_type(&file.content_type);
        let plays = file.is_video && known.is_some_and(|known| known.allows(UploadKind::Video));
        // Only videos are shown in the page, and files are served only with content types of the table.
        let disposition = if plays { Disposition::Inline } else { Disposition::Attachment(&file.name) };
        let served_as = known.map_or("application/octet-stream", |known| known.content_type);
        let url = storage.sign_read(&file.storage_path, served_as, disposition, now).await?;
        if file.is_video {
            media.video = Some(Video {
                url,
                content_type: file.content_type,
                size_bytes: file.size_bytes,
                duration_seconds: file.duration_seconds,
            });
        } else {
            media.documents.push(Document {
                document_id: file.id,
                file_name: file.name,
                url,
                content_type: file.content_type,
                size_bytes: file.size_bytes,
            });
        }
    }
    Ok(media)
}
