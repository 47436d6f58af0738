//! What maintenance does about files: unfinished uploads, what was rejected, what nothing shows any more, and objects that no
//! row names. An object goes before its row does, so that a run that is cut short is taken up by the next.

use chrono::TimeDelta;
use uuid::Uuid;

use super::arrival;
use super::storage::{Listed, Storage};
use crate::error::Result;
use crate::id::UploadId;
use crate::transaction::Read;

/// An event that has not come by then is not waited for.
pub const EVENT_LATE: TimeDelta = TimeDelta::minutes(15);
/// What is there and could not be judged is tried again each day, up to so long after it should have been finished.
const GIVEN_UP: TimeDelta = TimeDelta::days(7);
/// How long an author finds the reason of a rejection.
const REASONS_KEPT: TimeDelta = TimeDelta::days(30);
/// A deleted course can be restored for 30 days; a restoring that began in the last moment is over an hour later.
const COURSE_FILES_KEPT: TimeDelta = TimeDelta::hours(30 * 24 + 1);
/// Addresses that were signed work for a quarter of an hour.
const FREED_FILES_KEPT: TimeDelta = TimeDelta::hours(1);
/// An object may be there before its row says so.
const ORPHANS_KEPT: TimeDelta = TimeDelta::days(1);
/// So many rows are taken at once.
const BATCH: i64 = 100;

/// What browsers sent, and nothing has checked.
const UNCHECKED: &str = "uploads/";
/// Where objects without a row are looked for.
pub const PREFIXES: [&str; 3] = [UNCHECKED, "media/", "public/"];

/// An upload that should have arrived by now, if it ever does.
#[derive(Debug)]
pub struct Unfinished {
    pub id: UploadId,
    pub multipart_id: Option<String>,
    /// Nothing may arrive any more.
    pub expired: bool,
    /// Nor is it tried again.
    pub given_up: bool,
}

/// Returns up to 100 unfinished uploads that are at least so old, by id, after the one given.
///
/// # Errors
/// When the database fails.
pub async fn unfinished(read: &mut Read, age: TimeDelta, after: Option<UploadId>) -> Result<Vec<Unfinished>> {
    let now = read.now();
    Ok(sqlx::query_as!(
        Unfinished,
        r#"SELECT id AS "id: UploadId", multipart_id, expires_at <= $2 AS "expired!", expires_at <= $3 AS "given_up!"
           FROM uploads
           WHERE status IN ('pending', 'processing') AND created_at <= $1 AND id > $4
           ORDER BY id LIMIT $5"#,
        now - age,
        now,
        now - GIVEN_UP,
        after.map_or(Uuid::nil(), |id| id.0),
        BATCH,
    )
    .fetch_all(read.connection())
    .await?)
}

/// Removes the parts, the object with all its versions, and the row of an upload that expired.
///
/// # Errors
/// Those of the database, and of S3.
pub async fn remove_unfinished(read: &mut Read, storage: &Storage, upload: &Unfinished) -> Result<()> {
    let key = arrival::source(upload.id);
    if let Some(multipart_id) = &upload.multipart_id {
        storage.abort_parts(&key, multipart_id).await?;
    }
    storage.remove_versions(&key).await?;
    sqlx::query!("DELETE FROM uploads WHERE id = $1 AND status IN ('pending', 'processing')", upload.id.0)
        .execute(read.connection())
        .await?;
    Ok(())
}

/// Forgets what was rejected long ago, and tells how many those were.
///
/// # Errors
/// Those of the database.
pub async fn forget_rejected(read: &mut Read) -> Result<u64> {
    let before = read.now() - REASONS_KEPT;
    let forgotten = sqlx::query!("DELETE FROM uploads WHERE status = 'rejected' AND created_at <= $1", before)
        .execute(read.connection())
        .await?;
    Ok(forgotten.rows_affected())
}

/// Frees the files of lessons that are gone, and of courses that can't be restored any more. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn free(read: &mut Read) -> Result<u64> {
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

/// Removes the files that were freed and that no signed address leads to any more, some at a time. Tells how many.
///
/// # Errors
/// Those of the database, and of S3.
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

/// Those of a page of objects that no row names: neither as a file that is shown, nor as one that is being judged.
///
/// # Errors
/// Those of the database.
pub async fn orphans(read: &mut Read, objects: &[Listed]) -> Result<Vec<String>> {
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

/// Removes an object that no row names. What was never checked goes with all its versions; of other objects, the bucket
/// keeps the former versions for a month.
///
/// # Errors
/// 503 when S3 is away.
pub async fn remove_orphan(storage: &Storage, key: &str) -> Result<()> {
    if key.starts_with(UNCHECKED) { storage.remove_versions(key).await } else { storage.remove(key).await }
}

/// The upload that a key of ours tells of.
fn id_in(key: &str) -> Option<Uuid> {
    let name = key.rsplit('/').next()?;
    name.split('.').next()?.parse().ok()
}
