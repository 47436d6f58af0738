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
use crate::page::{self, CsvLimit, Cursor, Limit, Newest, Page};
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

fn keys(entry: &RosterEntry) -> Newest {
    Newest(entry.created_at, entry.id.0)
}

/// Returns a page of the roster, the newest enrolments first. Closed accounts are hidden.
///
/// # Errors
/// 422 for a cursor of another list.
pub async fn page(read: &mut Read, course: CourseId, part: &Part<'_>) -> Result<Page<RosterEntry>> {
    let limit = part.limit.map_or_else(|| Ok(Limit::default()), CsvLimit::for_json)?;
    Page::new(rows(read, course, part, limit).await?, limit, keys)
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
    Page::csv(&rows, limit, keys, sheet, |entry| {
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

/// Selects a page of the roster of course `$1` after the keys `$2` and `$3`, `$4` rows: of the enrolments `e` and users `u`
/// that `$from` joins.
macro_rules! select_roster {
    ($from:literal, $condition:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            RosterEntry,
            r#"SELECT e.id AS "id: EnrollmentId", e.user_id AS "user_id: UserId",
                 jsonb_build_object('id', u.id, 'first_name', u.first_name, 'last_name', u.last_name,
                   'profile_picture_url', u.profile_picture_url) AS "user!: Json<Learner>",
                 e.status AS "status: EnrollmentStatus", e.completion_percentage AS "completion_percentage: Money",
                 e.enrolled_at, e.completed_at, e.last_accessed_at, e.created_at
               FROM "# + $from + "
               WHERE e.course_id = $1 AND (e.created_at, e.id) < ($2, $3) AND u.deleted_at IS NULL "
                + $condition + "ORDER BY e.created_at DESC, e.id DESC LIMIT $4",
            $($argument),+
        )
    };
}

/// The most users that are collected by a part of their name. A part that more users have counts as common.
const MAX_COLLECTED: i64 = 2_000;
/// The number of learners from which on a course counts as large.
const LARGE_COURSE: i64 = 1_000;

/// Returns whether few users have the words in their name, and the course is large: then collecting those users costs less
/// than reading the roster in its order. Counts learners in the order of an index, since the planner would read the whole
/// table for a course that has most of the enrolments.
async fn has_few_named(read: &mut Read, course: CourseId, words: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT (SELECT count(*) FROM (
               SELECT FROM enrollments WHERE course_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2) AS learner) = $2
             AND (SELECT count(*) FROM users_named($3, $4)) < $4 AS "few!""#,
        course.0,
        LARGE_COURSE,
        words,
        MAX_COLLECTED,
    )
    .fetch_one(read.connection())
    .await?)
}

/// Reads one row more than the page shows. Each filter has a query of its own, which its index serves with any plan.
///
/// `CASE` around a common name: the planner takes it for true in half of the rows, so it reads the roster in its order and
/// stops at the end of the page. It takes a bare `LIKE` for rare, and would read and sort the whole course.
async fn rows(read: &mut Read, course: CourseId, part: &Part<'_>, limit: Limit) -> Result<Vec<RosterEntry>> {
    let Newest(created_at, id) = page::after(part.cursor)?;
    let (most, status) = (limit.plus_one(), part.status.map(EnrollmentStatus::as_str));
    let q = part.q.map(Text::as_str);
    let few_named = match q {
        Some(q) => has_few_named(read, course, q).await?,
        None => false,
    };
    let (course, connection) = (course.0, read.connection());
    let rows = match (q, status) {
        (None, None) => {
            select_roster!("enrollments e JOIN users u ON u.id = e.user_id", "", course, created_at, id, most)
                .fetch_all(connection)
                .await?
        }
        (None, Some(status)) => {
            select_roster!(
                "enrollments e JOIN users u ON u.id = e.user_id",
                "AND e.status = $5 ",
                course,
                created_at,
                id,
                most,
                status,
            )
            .fetch_all(connection)
            .await?
        }
        (Some(q), status) if few_named => {
            let statuses = status.map_or_else(|| vec!["active", "completed", "dropped"], |status| vec![status]);
            // OFFSET 0: the planner doesn't know how few they are, and would rather read the whole course.
            select_roster!(
                "users_named($5, $6) AS named (id)
                 CROSS JOIN LATERAL (SELECT * FROM enrollments WHERE course_id = $1 AND user_id = named.id OFFSET 0) e
                 CROSS JOIN LATERAL (SELECT * FROM users WHERE users.id = named.id OFFSET 0) u",
                "AND e.status = ANY ($7) ",
                course,
                created_at,
                id,
                most,
                q,
                MAX_COLLECTED,
                &statuses as &[&str],
            )
            .fetch_all(connection)
            .await?
        }
        (Some(q), None) => {
            select_roster!(
                "enrollments e JOIN users u ON u.id = e.user_id",
                "AND CASE WHEN folded(u.first_name || ' ' || u.last_name) LIKE folded_pattern($5) THEN true END ",
                course,
                created_at,
                id,
                most,
                q,
            )
            .fetch_all(connection)
            .await?
        }
        (Some(q), Some(status)) => {
            select_roster!(
                "enrollments e JOIN users u ON u.id = e.user_id",
                "AND CASE WHEN folded(u.first_name || ' ' || u.last_name) LIKE folded_pattern($5) THEN true END AND e.status = $6 ",
                course,
                created_at,
                id,
                most,
                q,
                status,
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(rows)
}
