//! Reading the log: built at run time, since its filters are optional and the table is the largest there is.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer_size;
use crate::error::Result;
use crate::id::{AnyId, UserId};
use crate::input::{Text, Time};
use crate::optional_fields;
use crate::page::{self, Cursor, Limit, Newest, Page};
use crate::transaction::Read;

optional_fields! {
    pub struct Filter {
        /// Who did it.
        user_id: Option<UserId>,
        /// As `course.publish`.
        action: Option<Text<1, 100>>,
        /// As `course`.
        resource_type: Option<Text<1, 100>>,
        resource_id: Option<AnyId>,
        /// From this time on.
        from: Option<Time>,
        /// Before this time.
        to: Option<Time>,
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

/// One row of the log.
#[derive(Debug, Serialize, ToSchema, FromRow)]
pub struct Entry {
    pub id: Uuid,
    /// Who did it; nobody when it was the system, or somebody unknown.
    pub user_id: Option<Uuid>,
    pub action: String,
    pub resource_type: String,
    pub resource_id: Option<Uuid>,
    /// `{"field": {"from": …, "to": …}}`; personal fields stand by name only. A text of more than 1,000 characters, or a
    /// very long list (as JSON), stands as `{"beginning": …, "characters": …, "sha256": …}`.
    #[schema(value_type = Option<Object>)]
    pub changes: Option<Value>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A row, and whether it fits an answer with all those before it.
#[derive(FromRow)]
struct Sized {
    #[sqlx(flatten)]
    entry: Entry,
    fits: bool,
}

/// A page of the log, the newest first; shorter than its limit when more would not fit an answer.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn list(read: &mut Read, filter: &Filter) -> Result<Page<Entry>> {
    Ok(newest(read, filter, filter.limit.get(), answer_size::MAX_BYTES).await?.0) // a row alone always fits
}

/// What that user did, the newest first, as [`newest`] gives it.
///
/// # Errors
/// Those of the database.
pub(crate) async fn of_user(
    read: &mut Read,
    user: UserId,
    after: Option<Cursor>,
    most: u16,
    bytes: usize,
) -> Result<(Page<Entry>, bool)> {
    newest(read, &Filter { user_id: Some(user), cursor: after, ..Filter::default() }, most, bytes).await
}

/// So many of the newest rows at most, and of these as many as fit so many bytes of an answer; and whether these are
/// all. The database measures them, so that no more are held here: written as JSON, and escaped once more as the text
/// that a Lambda answers.
async fn newest(read: &mut Read, filter: &Filter, most: u16, bytes: usize) -> Result<(Page<Entry>, bool)> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut query = QueryBuilder::new(
        "SELECT id, user_id, action, resource_type, resource_id, changes, ip_address, user_agent, created_at, so_far <= ",
    );
    query.push_bind(bytes).push(
        " AS fits FROM (SELECT *, sum(size) OVER (ORDER BY created_at DESC, id DESC) AS so_far
         FROM (SELECT *, octet_length(to_json(to_json(entry)::text)::text) AS size
         FROM (SELECT id, user_id, action, resource_type, resource_id, changes, ip_address, user_agent, created_at
         FROM audit_logs WHERE true",
    );
    if let Some(user) = filter.user_id {
        query.push(" AND user_id = ").push_bind(user);
    }
    if let Some(action) = &filter.action {
        query.push(" AND action = ").push_bind(action.as_str());
    }
    if let Some(resource_type) = &filter.resource_type {
        query.push(" AND resource_type = ").push_bind(resource_type.as_str());
    }
    if let Some(AnyId(resource)) = filter.resource_id {
        query.push(" AND resource_id = ").push_bind(resource);
    }
    if let Some(Time(from)) = filter.from {
        query.push(" AND created_at >= ").push_bind(from);
    }
    if let Some(Time(to)) = filter.to {
        query.push(" AND created_at < ").push_bind(to);
    }
    let Newest(created_at, id) = page::after(filter.cursor.as_ref())?;
    query.push(" AND (created_at, id) < (").push_bind(created_at).push(", ").push_bind(id).push(")");
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(i64::from(most) + 1);
    query.push(") AS entry) AS measured) AS summed WHERE so_far - size <= ").push_bind(bytes); // and the first that is too much
    query.push(" ORDER BY created_at DESC, id DESC");
    let rows = query.build_query_as::<Sized>().fetch_all(read.connection()).await?;
    let shown = rows.iter().take(usize::from(most)).take_while(|row| row.fits).count();
    let all = rows.len() == shown;
    let entries = rows.into_iter().map(|row| row.entry).collect();
    Ok((Page::truncated(entries, shown, |entry: &Entry| Newest(entry.created_at, entry.id))?, all))
}
