//! The list of users: built at run time, since its filters are optional and each has an index of its own.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

use super::User;
use crate::error::Result;
use crate::id::UserId;
use crate::input::{Flag, Text};
use crate::optional_fields;
use crate::page::{Cursor, Limit, Page};
use crate::transaction::Read;

optional_fields! {
    pub struct Filter {
        /// Any part of an email, a username or a name, without regard to case and accents.
        q: Option<Text<1, 200>>,
        /// A role's name, without regard to case and accents.
        role: Option<Text<1, 50>>,
        is_active: Option<Flag>,
        /// Closed accounts, instead of the others.
        deleted: Option<Flag>,
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

#[derive(Serialize, Deserialize)]
struct Keys(#[serde(deserialize_with = "crate::page::time")] DateTime<Utc>, UserId);

/// A page of the users, the newest first.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn list(read: &mut Read, filter: &Filter) -> Result<Page<User>> {
    let mut query = QueryBuilder::new(
        "SELECT u.id, u.email, u.username, u.first_name, u.last_name, u.profile_picture_url, u.bio, u.role_id,
           r.name AS role, u.is_email_verified, u.is_active, u.last_login, u.deleted_at, u.created_at, u.updated_at
         FROM users u JOIN roles r ON r.id = u.role_id WHERE u.deleted_at IS ",
    );
    query.push(if filter.deleted.is_some_and(Flag::is_set) { "NOT NULL" } else { "NULL" });
    if let Some(part) = &filter.q {
        // The expression of users_folded_idx.
        query.push(" AND folded(u.email || ' ' || u.username || ' ' || u.first_name || ' ' || u.last_name)");
        query.push(" LIKE folded_pattern(").push_bind(part.as_str()).push(")");
    }
    if let Some(role) = &filter.role {
        query.push(" AND u.role_id = (SELECT id FROM roles WHERE folded(name) = folded(");
        query.push_bind(role.as_str().trim()).push("))");
    }
    if let Some(is_active) = filter.is_active {
        query.push(" AND u.is_active = ").push_bind(is_active.is_set());
    }
    if let Some(Keys(created_at, id)) = filter.cursor.as_ref().map(Cursor::keys).transpose()? {
        query.push(" AND (u.created_at, u.id) < (").push_bind(created_at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY u.created_at DESC, u.id DESC LIMIT ").push_bind(filter.limit.plus_one());
    let rows = query.build_query_as::<User>().fetch_all(read.connection()).await?;
    Page::new(rows, filter.limit, |user| Keys(user.created_at, user.id))
}
