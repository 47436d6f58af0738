//! Reading the log: built at run time, since its filters are optional and the table is the largest there is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::id::{AnyId, UserId};
use crate::input::{Text, Time};
use crate::optional_fields;
use crate::page::{Cursor, Limit, Page};
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
    /// `{"field": {"from": …, "to": …}}`; personal fields stand by name only.
    #[schema(value_type = Option<Object>)]
    pub changes: Option<Value>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Keys(#[serde(deserialize_with = "crate::page::time")] DateTime<Utc>, Uuid);

/// A page of the log, the newest first.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn list(read: &mut Read, filter: &Filter) -> Result<Page<Entry>> {
    let mut query = QueryBuilder::new(
        "SELECT id, user_id, action, resource_type, resource_id, changes, ip_address, user_agent, created_at
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
    if let Some(Keys(created_at, id)) = filter.cursor.as_ref().map(Cursor::keys).transpose()? {
        query.push(" AND (created_at, id) < (").push_bind(created_at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(filter.limit.and_one());
    let rows = query.build_query_as::<Entry>().fetch_all(read.connection()).await?;
    Page::new(rows, filter.limit, |entry| Keys(entry.created_at, entry.id))
}
