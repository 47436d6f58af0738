//! Everything that is held about a user, for that user (GDPR, articles 15 and 20).

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::email_change;
use super::profile::{Profile, profile};
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::id::UserId;
use crate::page::Cursor;
use crate::sheet::LARGEST_ANSWER;
use crate::transaction::Read;

/// So many of the newest rows of the audit log at most, and fewer when they would not fit an answer beside the rest.
const MOST_AUDIT_ROWS: usize = 5_000;
/// So many are read at once.
const AUDIT_PAGE: u16 = 100;

#[derive(Debug, Serialize, ToSchema)]
pub struct Export {
    pub exported_at: DateTime<Utc>,
    pub profile: Profile,
    /// A new email that waits to be verified.
    pub awaited_email: Option<String>,
    pub sessions: Vec<ExportedSession>,
    /// Where the account signed in from.
    pub known_addresses: Vec<ExportedAddress>,
    pub enrollments: Vec<ExportedEnrollment>,
    pub lesson_completions: Vec<ExportedCompletion>,
    /// The courses that the user teaches or created.
    pub courses: Vec<ExportedCourse>,
    pub uploads: Vec<ExportedUpload>,
    /// The mails that were written to the user in the last 30 days, and those that wait.
    pub mails: Vec<ExportedMail>,
    /// What the user did, the newest first.
    pub audit_logs: Vec<Entry>,
    /// Whether all of the audit log is there, and not just the newest rows: up to 5,000, and as many as fit an answer.
    pub audit_logs_complete: bool,
    /// Where the rest of the audit log begins when it is not: whoever may read the log gives it to the user.
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
    /// When it was deleted; it is held still.
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

/// Everything about the caller. Hashes and tokens are secrets, not data about somebody, and are not among it.
///
/// # Errors
/// 401.
pub async fn export(read: &mut Read) -> Result<Export> {
    let user = read.user()?;
    let id = user.0;
    let profile = profile(read, user).await?;
    let awaited_email = email_change::awaited(read, user).await?;
    let sessions = sqlx::query_as!(
        ExportedSession,
        "SELECT id, ip_address, user_agent, last_used_at, expires_at, ended_at, created_at
         FROM sessions WHERE user_id = $1 ORDER BY created_at, id",
        id
    )
    .fetch_all(read.connection())
    .await?;
    let known_addresses = sqlx::query_as!(
        ExportedAddress,
        "SELECT ip_address, seen_at FROM known_addresses WHERE user_id = $1 ORDER BY seen_at, ip_address",
        id
    )
    .fetch_all(read.connection())
    .await?;
    let enrollments = sqlx::query_as!(
        ExportedEnrollment,
        r#"SELECT e.id, e.course_id, e.status,
             CASE WHEN e.status <> 'dropped' OR is_listed(c) THEN c.title END AS course_title,
             e.completion_percentage::text AS "completion_percentage!", e.enrolled_at, e.completed_at,
             e.certificate_id, e.last_accessed_at
           FROM enrollments e JOIN courses c ON c.id = e.course_id WHERE e.user_id = $1 ORDER BY e.created_at, e.id"#,
        id
    )
    .fetch_all(read.connection())
    .await?;
    let lesson_completions = sqlx::query_as!(
        ExportedCompletion,
        "SELECT k.id, k.enrollment_id, k.lesson_id,
           CASE WHEN l.is_published AND (e.status <> 'dropped' OR is_listed(c)) THEN l.title END AS lesson_title,
           k.completed_at, k.time_spent_minutes, k.notes
         FROM lesson_completions k JOIN lessons l ON l.id = k.lesson_id
         JOIN enrollments e ON e.id = k.enrollment_id JOIN courses c ON c.id = e.course_id
         WHERE k.user_id = $1 ORDER BY k.completed_at, k.id",
        id
    )
    .fetch_all(read.connection())
    .await?;
    let courses = sqlx::query_as!(
        ExportedCourse,
        "SELECT id, title, slug, status, created_at, deleted_at FROM courses
         WHERE instructor_id = $1 OR created_by = $1 ORDER BY created_at, id",
        id
    )
    .fetch_all(read.connection())
    .await?;
    let uploads = sqlx::query_as!(
        ExportedUpload,
        "SELECT id, file_name, content_type, size_bytes, created_at FROM uploads WHERE uploaded_by = $1 ORDER BY created_at, id",
        id
    )
    .fetch_all(read.connection())
    .await?;
    let mails = sqlx::query_as!(
        ExportedMail,
        "SELECT id, purpose, recipient, created_at, delivered_at FROM outbox WHERE user_id = $1 ORDER BY created_at, id",
        id
    )
    .fetch_all(read.connection())
    .await?;
    let mut export = Export {
        exported_at: read.now(),
        profile,
        awaited_email,
        sessions,
        known_addresses,
        enrollments,
        lesson_completions,
        courses,
        uploads,
        mails,
        audit_logs: Vec::new(),
        audit_logs_complete: true,
        audit_logs_rest: None,
    };
    add_audit_logs(read, user, &mut export).await?;
    Ok(export)
}

/// Page by page, since a statement has 5 s, and rows from before long texts were shortened may be large.
async fn add_audit_logs(read: &mut Read, user: UserId, export: &mut Export) -> Result<()> {
    let mut left = LARGEST_ANSWER.saturating_sub(in_answer(export)?);
    let mut after = None;
    loop {
        let (page, all) = audit::of_user(read, user, after.clone().map(Cursor::from), AUDIT_PAGE, left).await?;
        let full = page.data.len() == usize::from(AUDIT_PAGE);
        left = left.saturating_sub(in_answer(&page.data)?);
        after = page.next_cursor.or(after);
        export.audit_logs.extend(page.data);
        if all {
            return Ok(());
        }
        if !full || export.audit_logs.len() >= MOST_AUDIT_ROWS {
            break;
        }
    }
    let cursor = after.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    export.audit_logs_complete = false;
    export.audit_logs_rest = Some(format!("/v1/audit-logs?user_id={user}{cursor}"));
    Ok(())
}

/// How large it is once a Lambda's answer has escaped it.
fn in_answer(what: &impl Serialize) -> Result<usize> {
    let json = serde_json::to_vec(what)?;
    Ok(json.len() + json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count())
}
