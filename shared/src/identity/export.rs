//! Everything that is held about a user, for that user (GDPR, articles 15 and 20).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::email_change;
use super::profile::{Profile, profile};
use crate::answer_size;
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::id::UserId;
use crate::page::{self, Cursor};
use crate::transaction::Read;

/// The rows of the audit log in an export; fewer when they do not fit beside the rest.
const MOST_AUDIT_ROWS: usize = 5_000;
/// The rows of the audit log that are read at once.
const AUDIT_PAGE: u16 = 100;

#[derive(Debug, Serialize, ToSchema)]
pub struct Export {
    pub exported_at: DateTime<Utc>,
    pub profile: Profile,
    /// A new email that waits to be verified.
    pub awaited_email: Option<String>,
    pub sessions: Vec<ExportedSession>,
    /// Where the account signed in from: the last 1,000.
    pub known_addresses: Vec<ExportedAddress>,
    pub enrollments: Vec<ExportedEnrollment>,
    pub lesson_completions: Vec<ExportedCompletion>,
    /// The courses that the user teaches or created.
    pub courses: Vec<ExportedCourse>,
    pub uploads: Vec<ExportedUpload>,
    /// The mails that were written to the user in the last 30 days, and those that wait.
    pub mails: Vec<ExportedMail>,
    /// Where the rest begins when not everything fits an answer: `GET /v1/me/export?cursor=…` goes on.
    pub next_cursor: Option<String>,
    /// What the user did, the newest first; in the last answer, which has no `next_cursor`.
    pub audit_logs: Vec<Entry>,
    /// Whether all of the audit log is there, and not just the newest rows: up to 5,000, and as many as fit the answer.
    pub audit_logs_complete: bool,
    /// The call that reads the rest of the audit log, when the last answer does not hold all of it. It takes the permission
    /// `audit:read`, so an administrator makes it for the user.
    pub audit_logs_rest: Option<String>,
}

/// A session, ended ones too.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedSession {
    pub id: Uuid,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedAddress {
    /// An address; of IPv6 its network.
    pub ip_address: String,
    pub seen_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedEnrollment {
    pub id: Uuid,
    pub course_id: Uuid,
    /// `null` in a course that was dropped and that is hidden.
    pub course_title: Option<String>,
    pub status: String,
    /// With two places, as a string.
    pub completion_percentage: String,
    pub enrolled_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub certificate_id: Option<Uuid>,
    pub last_accessed_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedCompletion {
    pub id: Uuid,
    pub enrollment_id: Uuid,
    pub lesson_id: Uuid,
    /// `null` while the lesson is withdrawn, and in a course that was dropped and that is hidden.
    pub lesson_title: Option<String>,
    pub completed_at: DateTime<Utc>,
    pub time_spent_minutes: i32,
    pub notes: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedCourse {
    pub id: Uuid,
    pub title: String,
    pub slug: String,
    pub status: String,
    pub created_at: DateTime<Utc>,
    /// When it was deleted. A deleted course is kept.
    pub deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedUpload {
    pub id: Uuid,
    pub file_name: String,
    pub content_type: String,
    pub size_bytes: i64,
    pub created_at: DateTime<Utc>,
}

/// A mail; its words are not kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportedMail {
    pub id: Uuid,
    /// As `reset-password`.
    pub purpose: String,
    /// Where it is not the account's own address.
    pub recipient: Option<String>,
    pub created_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
}

/// Where an export goes on: in which list, and behind which of its rows.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Position(u8, Keys);

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Keys(#[serde(deserialize_with = "crate::page::time")] DateTime<Utc>, Uuid);

/// Before all rows.
const FIRST: Keys = Keys(DateTime::UNIX_EPOCH, Uuid::nil());
/// The rows that are read at once.
const ROWS: i64 = 500;

/// Returns what is held about the caller, from the cursor on: as many rows of each list as fit an answer. Hashes and
/// tokens are secrets and no data about a person, and are left out.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn export(read: &mut Read, cursor: Option<&Cursor>) -> Result<Export> {
    let user = read.user()?;
    let Position(first, mut after) = cursor.map(Cursor::keys).transpose()?.unwrap_or(Position(0, FIRST));
    let mut export = head(read, user).await?;
    let mut left = answer_size::MAX_BYTES.saturating_sub(answer_size::of(&export)?);
    for list in first..LISTS {
        loop {
            match add_page(read, user, &mut export, &mut left, list, &mut after).await? {
                Taken::Page => {}
                Taken::All => break,
                Taken::Part => {
                    export.next_cursor = Some(page::cursor(&Position(list, after))?);
                    return Ok(export);
                }
            }
        }
        after = FIRST;
    }
    add_audit_logs(read, user, &mut export, left).await?;
    Ok(export)
}

/// The parts that each answer has.
async fn head(read: &mut Read, user: UserId) -> Result<Export> {
    let profile = profile(read, user).await?;
    let awaited_email = email_change::awaited(read, user).await?;
    let known_addresses = sqlx::query_as!(
        ExportedAddress,
        "SELECT ip_address, seen_at FROM known_addresses WHERE user_id = $1 ORDER BY seen_at DESC, ip_address LIMIT 1000",
        user.0
    )
    .fetch_all(read.connection())
    .await?;
    Ok(Export {
        exported_at: read.now(),
        profile,
        awaited_email,
        sessions: Vec::new(),
        known_addresses,
        enrollments: Vec::new(),
        lesson_completions: Vec::new(),
        courses: Vec::new(),
        uploads: Vec::new(),
        mails: Vec::new(),
        next_cursor: None,
        audit_logs: Vec::new(),
        audit_logs_complete: false,
        audit_logs_rest: None,
    })
}

const LISTS: u8 = 6;

/// Adds a page of one list, from the row behind `after` on, as far as it fits.
async fn add_page(
    read: &mut Read,
    user: UserId,
    export: &mut Export,
    left: &mut usize,
    list: u8,
    after: &mut Keys,
) -> Result<Taken> {
    let Keys(time, id) = *after;
    match list {
        0 => {
            let rows = sqlx::query_as!(
                ExportedSession,
                "SELECT id, ip_address, user_agent, last_used_at, expires_at, ended_at, created_at FROM sessions
                 WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4",
                user.0,
                time,
                id,
                ROWS
            )
            .fetch_all(read.connection())
            .await?;
            take(&mut export.sessions, rows, left, after, |row| Keys(row.created_at, row.id))
        }
        1 => {
            let rows = sqlx::query_as!(
                ExportedEnrollment,
                r#"SELECT e.id, e.course_id, e.status,
                     CASE WHEN e.status <> 'dropped' OR is_listed(c) THEN c.title END AS course_title,
                     e.completion_percentage::text AS "completion_percentage!", e.enrolled_at, e.completed_at,
                     e.certificate_id, e.last_accessed_at
                   FROM enrollments e JOIN courses c ON c.id = e.course_id
                   WHERE e.user_id = $1 AND (e.enrolled_at, e.id) > ($2, $3) ORDER BY e.enrolled_at, e.id LIMIT $4"#,
                user.0,
                time,
                id,
                ROWS
            )
            .fetch_all(read.connection())
            .await?;
            take(&mut export.enrollments, rows, left, after, |row| Keys(row.enrolled_at, row.id))
        }
        2 => {
            let rows = sqlx::query_as!(
                ExportedCompletion,
                "SELECT k.id, k.enrollment_id, k.lesson_id,
                   CASE WHEN l.is_published AND (e.status <> 'dropped' OR is_listed(c)) THEN l.title END AS lesson_title,
                   k.completed_at, k.time_spent_minutes, k.notes
                 FROM lesson_completions k JOIN lessons l ON l.id = k.lesson_id
                 JOIN enrollments e ON e.id = k.enrollment_id JOIN courses c ON c.id = e.course_id
                 WHERE k.user_id = $1 AND (k.completed_at, k.id) > ($2, $3) ORDER BY k.completed_at, k.id LIMIT $4",
                user.0,
                time,
                id,
                ROWS
            )
            .fetch_all(read.connection())
            .await?;
            take(&mut export.lesson_completions, rows, left, after, |row| Keys(row.completed_at, row.id))
        }
        3 => {
            let rows = sqlx::query_as!(
                ExportedCourse,
                // Collected first: a plan for all values would read the courses of all others in the order of the page.
                r#"WITH own AS MATERIALIZED (
                     SELECT id, title, slug, status, created_at, deleted_at FROM courses WHERE instructor_id = $1
                     UNION SELECT id, title, slug, status, created_at, deleted_at FROM courses WHERE created_by = $1)
                   SELECT id AS "id!", title AS "title!", slug AS "slug!", status AS "status!",
                     created_at AS "created_at!", deleted_at FROM own WHERE (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4"#,
                user.0,
                time,
                id,
                ROWS
            )
            .fetch_all(read.connection())
            .await?;
            take(&mut export.courses, rows, left, after, |row| Keys(row.created_at, row.id))
        }
        4 => {
            let rows = sqlx::query_as!(
                ExportedUpload,
                "SELECT id, file_name, content_type, size_bytes, created_at FROM uploads
                 WHERE uploaded_by = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4",
                user.0,
                time,
                id,
                ROWS
            )
            .fetch_all(read.connection())
            .await?;
            take(&mut export.uploads, rows, left, after, |row| Keys(row.created_at, row.id))
        }
        _ => {
            let rows = sqlx::query_as!(
                ExportedMail,
                "SELECT id, purpose, recipient, created_at, delivered_at FROM outbox
                 WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4",
                user.0,
                time,
                id,
                ROWS
            )
            .fetch_all(read.connection())
            .await?;
            take(&mut export.mails, rows, left, after, |row| Keys(row.created_at, row.id))
        }
    }
}

/// How much of a page of a list was taken.
enum Taken {
    /// The whole page, and there may be another one.
    Page,
    /// The rest of the list.
    All,
    /// What fits.
    Part,
}

/// Adds the rows of a page as long as they fit, and moves `after` behind them.
fn take<T: Serialize>(
    list: &mut Vec<T>,
    rows: Vec<T>,
    left: &mut usize,
    after: &mut Keys,
    keys: impl Fn(&T) -> Keys,
) -> Result<Taken> {
    let is_whole = i64::try_from(rows.len()).is_ok_and(|rows| rows == ROWS);
    for row in rows {
        let size = answer_size::of(&row)? + 1; // with a comma
        if size > *left {
            return Ok(Taken::Part);
        }
        *left -= size;
        *after = keys(&row);
        list.push(row);
    }
    Ok(if is_whole { Taken::Page } else { Taken::All })
}

/// Adds the newest rows page by page, since a statement has 5 s, and rows from before long texts were shortened may be
/// large.
async fn add_audit_logs(read: &mut Read, user: UserId, export: &mut Export, mut left: usize) -> Result<()> {
    let mut after = None;
    loop {
        let (page, all) = audit::of_user(read, user, after.clone().map(Cursor::from), AUDIT_PAGE, left).await?;
        let full = page.data.len() == usize::from(AUDIT_PAGE);
        left = left.saturating_sub(answer_size::of(&page.data)?);
        after = page.next_cursor.or(after);
        export.audit_logs.extend(page.data);
        if all {
            export.audit_logs_complete = true;
            return Ok(());
        }
        if !full || export.audit_logs.len() >= MOST_AUDIT_ROWS {
            break;
        }
    }
    let cursor = after.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    export.audit_logs_rest = Some(format!("/v1/audit-logs?user_id={user}{cursor}"));
    Ok(())
}
