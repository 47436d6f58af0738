//! Removes unfinished and rejected uploads, files that nothing shows, and objects without a row. An object is removed
//! before its row, so that the next run can continue after an interruption.

use chrono::TimeDelta;
use uuid::Uuid;

use super::storage::{ListedObject, Storage};
use super::{UPLOADED, upload_key};
use crate::error::Result;
use crate::id::UploadId;
use crate::transaction::Read;

/// The age of an upload from which its event counts as lost.
pub const EVENT_LATE: TimeDelta = TimeDelta::minutes(15);
/// A file that can't be processed is tried again each day, until this long after its upload expired.
const RETRIED_FOR: TimeDelta = TimeDelta::days(7);
/// How long the reason of a rejection can be read.
const REASONS_KEPT: TimeDelta = TimeDelta::days(30);
/// A deleted course can be restored for 30 days. One more hour lets a restore that began in time finish.
const COURSE_FILES_KEPT: TimeDelta = TimeDelta::hours(30 * 24 + 1);
/// Longer than signed URLs are valid (15 minutes).
const FREED_FILES_KEPT: TimeDelta = TimeDelta::hours(1);
/// An object can exist before its row names it.
const ORPHANS_KEPT: TimeDelta = TimeDelta::days(1);
/// Rows per query.
const BATCH: i64 = 100;

/// The prefixes under which objects without a row are searched.
pub const PREFIXES: [&str; 3] = [UPLOADED, "media/", "public/"];

/// An upload that is neither ready nor rejected.
#[derive(Debug)]
pub struct UnfinishedUpload {
    pub id: UploadId,
    pub multipart_id: Option<String>,
    /// Whether the time for sending the file is over.
    pub expired: bool,
    /// Whether processing is not tried again.
    pub given_up: bool,
}

/// Returns up to 100 unfinished uploads of at least this age, ordered by id, after the id `after`.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn unfinished(read: &mut Read, age: TimeDelta, after: Option<UploadId>) -> Result<Vec<UnfinishedUpload>> {
    let now = read.now();
    Ok(sqlx::query_as!(
        UnfinishedUpload,
        r#"SELECT id AS "id: UploadId", multipart_id, expires_at <= $2 AS "expired!", expires_at <= $3 AS "given_up!"
           FROM uploads
           WHERE status IN ('pending', 'processing') AND created_at <= $1 AND id > $4
           ORDER BY id LIMIT $5"#,
        now - age,
        now,
        now - RETRIED_FOR,
        after.map_or(Uuid::nil(), |id| id.0),
        BATCH,
    )
    .fetch_all(read.connection())
    .await?)
}

/// Removes the parts, all object versions and the row of an expired upload.
///
/// # Errors
/// Fails when the database or S3 is unavailable.
pub async fn remove_unfinished(read: &mut Read, storage: &Storage, upload: &UnfinishedUpload) -> Result<()> {
    let key = upload_key::of(upload.id);
    if let Some(multipart_id) = &upload.multipart_id {
        storage.abort_multipart(&key, multipart_id).await?;
    }
    storage.remove_versions(&key).await?;
    sqlx::query!("DELETE FROM uploads WHERE id = $1 AND status IN ('pending', 'processing')", upload.id.0)
        .execute(read.connection())
        .await?;
    Ok(())
}

/// Deletes uploads that were rejected long ago. Returns their number.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn delete_rejected(read: &mut Read) -> Result<u64> {
    let before = read.now() - REASONS_KEPT;
    let deleted = sqlx::query!("DELETE FROM uploads WHERE status = 'rejected' AND created_at <= $1", before)
        .execute(read.connection())
        .await?;
    Ok(deleted.rows_affected())
}

/// Marks the files of deleted lessons, and of courses that can no longer be restored, for removal. Returns their number.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn free_unused(read: &mut Read) -> Result<u64> {
    let now = read.now();
    let freed = sqlx::query!(
        "UPDATE uploads SET freed_at = $1
         WHERE status = 'ready' AND freed_at IS NULL AND id IN (
           SELECT id FROM uploads
           WHERE lesson_id IS NULL AND kind IN ('video', 'document') AND status = 'ready' AND freed_at IS NULL
           UNION ALL
           SELECT u.id FROM courses c JOIN uploads u ON u.course_id = c.id WHERE c.deleted_at <= $2)",
        now,
        now - COURSE_FILES_KEPT,
    )
    .execute(read.connection())
    .await?;
    Ok(freed.rows_affected())
}

/// Removes the files that are marked for removal and whose signed URLs have expired. Returns their number.
///
/// # Errors
/// Fails when the database or S3 is unavailable.
pub async fn remove_freed(read: &mut Read, storage: &Storage) -> Result<u64> {
    let before = read.now() - FREED_FILES_KEPT;
    let mut removed = 0;
    loop {
        let files = sqlx::query!(
            r#"SELECT id, storage_path AS "path!" FROM uploads
               WHERE freed_at <= $1 AND storage_path IS NOT NULL ORDER BY freed_at LIMIT $2"#,
            before,
            BATCH
        )
        .fetch_all(read.connection())
        .await?;
        for file in &files {
            storage.remove(&file.path).await?;
        }
        let ids: Vec<Uuid> = files.iter().map(|file| file.id).collect();
        let rows = sqlx::query!("DELETE FROM uploads WHERE id = ANY ($1)", &ids).execute(read.connection()).await?;
        removed += rows.rows_affected();
        if ids.is_empty() {
            return Ok(removed);
        }
    }
}

/// Returns the keys of those objects that no row names: neither as a stored file, nor as an unfinished upload. Leaves out
/// objects younger than a day.
///
/// # Errors
/// Fails when the database is unavailable.
pub async fn orphans(read: &mut Read, objects: &[ListedObject]) -> Result<Vec<String>> {
    let before = read.now() - ORPHANS_KEPT;
    let old = objects.iter().filter(|object| object.last_modified <= before);
    let (keys, ids): (Vec<_>, Vec<_>) = old.map(|object| (object.key.clone(), id_in(&object.key))).unzip();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar!(
        r#"SELECT o.key AS "key!" FROM unnest($1::text[], $2::uuid[]) AS o (key, id)
           WHERE NOT EXISTS (SELECT FROM uploads u WHERE u.storage_path = o.key)
             AND NOT EXISTS (SELECT FROM uploads u WHERE u.id = o.id AND u.status IN ('pending', 'processing'))"#,
        &keys,
        &ids as &[Option<Uuid>],
    )
    .fetch_all(read.connection())
    .await?)
}

/// Removes an object without a row. Files that were never checked are removed with all versions; of other objects, the
/// bucket keeps noncurrent versions for a month.
///
/// # Errors
/// Fails with 503 when S3 is unavailable.
pub async fn remove_orphan(storage: &Storage, key: &str) -> Result<()> {
    if key.starts_with(UPLOADED) { storage.remove_versions(key).await } else { storage.remove(key).await }
}

/// Returns the upload id in the last part of a key.
fn id_in(key: &str) -> Option<Uuid> {
    let name = key.rsplit('/').next()?;
    name.split('.').next()?.parse().ok()
}
