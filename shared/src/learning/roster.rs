//! Who learns in a course, for its staff.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::enrollments::EnrollmentStatus;
use crate::catalog::courses::{self, Reference};
use crate::csv_export::CsvPage;
use crate::error::{Error, Result};
use crate::id::{CourseId, EnrollmentId, UserId};
use crate::identity::Permission;
use crate::input::{Money, Text};
use crate::page::{CsvLimit, Cursor, Limit, Page};
use crate::transaction::Read;

/// A learner, as the staff of their course know them: never the email.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Learner {
    pub id: Uuid,
    pub first_name: String,
    pub last_name: String,
    pub profile_picture_url: Option<String>,
}

/// One line of the roster.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterEntry {
    /// The enrolment's.
    pub id: EnrollmentId,
    pub user_id: UserId,
    #[schema(value_type = Learner)]
    pub user: Json<Learner>,
    pub status: EnrollmentStatus,
    pub completion_percentage: Money,
    pub enrolled_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub last_accessed_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    created_at: DateTime<Utc>,
}

/// What part of it is asked for.
pub struct Part<'a> {
    pub status: Option<EnrollmentStatus>,
    /// Any part of the name, without regard to case and accents.
    pub q: Option<&'a Text<1, 200>>,
    pub limit: Option<CsvLimit>,
    pub cursor: Option<&'a Cursor>,
}

/// The course whose learners the caller may look at: its staff, and who may read any enrolment.
///
/// # Errors
/// 404 when they may not know of the course, 403 when they may, and are neither.
pub async fn readable(read: &mut Read, reference: &Reference) -> Result<CourseId> {
    if read.caller().may(Permission::EnrollmentsReadAny) {
        return courses::existing(read, reference).await;
    }
    let course = courses::visible(read, reference).await?;
    if course.staffed_by(read.caller()) {
        Ok(course.id)
    } else {
        Err(Error::forbidden("Only the staff of a course see who learns in it."))
    }
}

#[derive(Serialize, Deserialize)]
struct Keys(#[serde(deserialize_with = "crate::page::time")] DateTime<Utc>, EnrollmentId);

impl Keys {
    fn of(entry: &RosterEntry) -> Self {
        Self(entry.created_at, entry.id)
    }
}

/// A page of the roster, whoever came last first. Closed accounts are hidden.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn page(read: &mut Read, course: CourseId, part: &Part<'_>) -> Result<Page<RosterEntry>> {
    let limit = part.limit.map_or_else(|| Ok(Limit::default()), CsvLimit::for_json)?;
    Page::new(rows(read, course, part, limit).await?, limit, Keys::of)
}

/// The columns of the roster as CSV.
const COLUMNS: [&str; 9] = [
    "enrollment_id",
    "user_id",
    "first_name",
    "last_name",
    "status",
    "completion_percentage",
    "enrolled_at",
    "completed_at",
    "last_accessed_at",
];

/// Returns a page of the roster as CSV, and the cursor of the next one.
///
/// # Errors
/// 422 for a cursor of another list.
pub async fn sheet(read: &mut Read, course: CourseId, part: &Part<'_>) -> Result<(Bytes, Option<String>)> {
    let limit = part.limit.unwrap_or_default().for_csv();
    let sheet = if part.cursor.is_none() { CsvPage::with_header(&COLUMNS) } else { CsvPage::without_header() };
    let rows = rows(read, course, part, limit).await?;
    Page::csv(&rows, limit, Keys::of, sheet, |entry| {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let time_if = |at: Option<DateTime<Utc>>| at.map(time).unwrap_or_default();
        vec![
            entry.id.to_string(),
            entry.user_id.to_string(),
            entry.user.first_name.clone(),
            entry.user.last_name.clone(),
            entry.status.as_str().to_owned(),
            format!("{:.2}", entry.completion_percentage.decimal()),
            time(entry.enrolled_at),
            time_if(entry.completed_at),
            time_if(entry.last_accessed_at),
        ]
    })
}

/// Selects the roster of course `$1` from the keys `$2` and `$3` on.
macro_rules! select_roster {
    ($condition:literal, $limit:literal, $course:expr, $created_at:expr, $id:expr, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            RosterEntry,
            r#"SELECT e.id AS "id: EnrollmentId", e.user_id AS "user_id: UserId",
                 jsonb_build_object('id', u.id, 'first_name', u.first_name, 'last_name', u.last_name,
                   'profile_picture_url', u.profile_picture_url) AS "user!: Json<Learner>",
                 e.status AS "status: EnrollmentStatus", e.completion_percentage AS "completion_percentage: Money",
                 e.enrolled_at, e.completed_at, e.last_accessed_at, e.created_at
               FROM enrollments e JOIN users u ON u.id = e.user_id AND u.deleted_at IS NULL
               WHERE e.course_id = $1 AND ($2::timestamptz IS NULL OR (e.created_at, e.id) < ($2, $3::uuid)) "#
                + $condition + "ORDER BY e.created_at DESC, e.id DESC LIMIT " + $limit,
            $course,
            $created_at,
            $id,
            $($argument),+
        )
    };
}

/// One row more than the page shows. Each filter has a query of its own, which its index serves.
async fn rows(read: &mut Read, course: CourseId, part: &Part<'_>, limit: Limit) -> Result<Vec<RosterEntry>> {
    let keys = part.cursor.map(Cursor::keys::<Keys>).transpose()?;
    let (created_at, id) = keys.map(|Keys(time, id)| (time, id.0)).unzip();
    let (course, limit, status) = (course.0, limit.plus_one(), part.status.map(EnrollmentStatus::as_str));
    let connection = read.connection();
    let rows = match (part.q, status) {
        (None, None) => select_roster!("", "$4", course, created_at, id, limit).fetch_all(connection).await?,
        (None, Some(status)) => {
            select_roster!("AND e.status = $5 ", "$4", course, created_at, id, limit, status)
                .fetch_all(connection)
                .await?
        }
        // users_folded_idx also holds emails and usernames, which must not be found here: so the name is compared again.
        (Some(q), status) => {
            select_roster!(
                "AND ($5::text IS NULL OR e.status = $5)
                 AND folded(u.email || ' ' || u.username || ' ' || u.first_name || ' ' || u.last_name) LIKE folded_pattern($6)
                 AND folded(u.first_name || ' ' || u.last_name) LIKE folded_pattern($6) ",
                "$4",
                course,
                created_at,
                id,
                limit,
                status,
                q.as_str(),
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(rows)
}
