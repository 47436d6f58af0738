//! Everything that is held about a user, for that user (GDPR, articles 15 and 20).

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::email_change;
use super::profile::{Profile, profile};
use crate::audit::Entry;
use crate::error::Result;
use crate::transaction::Read;

/// So many of the newest rows of the audit log fit an answer beside the rest (a Lambda answers 6 MB at most).
const MOST_AUDIT_ROWS: i64 = 5_000;

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
    /// Whether all of the audit log is there, and not just the newest 5,000 rows.
    pub audit_logs_complete: bool,
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
    /// None of one that was dropped and is hidden by now.
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
    /// None while the lesson is withdrawn.
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
        "SELECT k.id, k.enrollment_id, k.lesson_id, CASE WHEN l.is_published THEN l.title END AS lesson_title, k.completed_at, k.time_spent_minutes, k.notes
         FROM lesson_completions k JOIN lessons l ON l.id = k.lesson_id WHERE k.user_id = $1 ORDER BY k.completed_at, k.id",
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
    let mut audit_logs = sqlx::query_as!(
        Entry,
        "SELECT id, user_id, action, resource_type, resource_id, changes, ip_address, user_agent, created_at
         FROM audit_logs WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        id,
        MOST_AUDIT_ROWS + 1
    )
    .fetch_all(read.connection())
    .await?;
    let most = usize::try_from(MOST_AUDIT_ROWS).unwrap_or(usize::MAX);
    let audit_logs_complete = audit_logs.len() <= most;
    audit_logs.truncate(most);
    Ok(Export {
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
        audit_logs,
        audit_logs_complete,
    })
}
