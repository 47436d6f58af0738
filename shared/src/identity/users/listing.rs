//! Lists users. The query is built at run time, because its filters are optional and each has an index of its own.

use sqlx::QueryBuilder;

use super::User;
use crate::error::Result;
use crate::input::{Flag, Text};
use crate::optional_fields;
use crate::page::{self, Cursor, Limit, Newest, Page};
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

/// The most users that are collected by a search and sorted. When more match, the list is read in its order, and users that
/// don't match are skipped.
const MAX_COLLECTED: i64 = 2_000;

/// Returns a page of the users, the newest first.
///
/// # Errors
/// 422 for a cursor of another list.
pub async fn list(read: &mut Read, filter: &Filter) -> Result<Page<User>> {
    let Newest(created_at, id) = page::after(filter.cursor.as_ref())?;
    let q = filter.q.as_ref().map(Text::as_str);
    let is_collected = match q {
        Some(q) => {
            sqlx::query_scalar!(r#"SELECT count(*) <= $2 - 1 AS "few!" FROM users_with($1, $2)"#, q, MAX_COLLECTED + 1)
                .fetch_one(read.connection())
                .await?
        }
        None => false,
    };
    let mut query = QueryBuilder::new(
        "SELECT u.id, u.email, u.username, u.first_name, u.last_name, u.profile_picture_url, u.bio, u.role_id,
           r.name AS role, u.is_email_verified, u.is_active, u.last_login, u.deleted_at, u.created_at, u.updated_at FROM ",
    );
    match q.filter(|_| is_collected) {
        // OFFSET 0: the planner doesn't know how few they are, and would rather read the whole table.
        Some(q) => query
            .push("users_with(")
            .push_bind(q)
            .push(", ")
            .push_bind(MAX_COLLECTED)
            .push(") AS found (id) CROSS JOIN LATERAL (SELECT * FROM users WHERE users.id = found.id OFFSET 0) u"),
        None => query.push("users u"),
    };
    // These two are in the text, not bound, so that partial indexes serve them.
    query.push(" JOIN roles r ON r.id = u.role_id WHERE u.deleted_at IS ");
    query.push(if filter.deleted.is_some_and(Flag::is_set) { "NOT NULL" } else { "NULL" });
    match filter.is_active.map(Flag::is_set) {
        Some(true) => query.push(" AND u.is_active"),
        Some(false) => query.push(" AND NOT u.is_active"),
        None => &mut query,
    };
    if let Some(q) = q.filter(|_| !is_collected) {
        // The planner takes CASE for true in half of the rows, so it reads the list in its order. It takes a bare LIKE for
        // rare, and would collect or read all users for each page.
        query.push(" AND CASE WHEN folded(u.email || ' ' || u.username || ' ' || u.first_name || ' ' || u.last_name)");
        query.push(" LIKE folded_pattern(").push_bind(q).push(") THEN true END");
    }
    if let Some(role) = &filter.role {
        query.push(" AND u.role_id = (SELECT id FROM roles WHERE folded(name) = folded(");
        query.push_bind(role.as_str().trim()).push("))");
    }
    query.push(" AND (u.created_at, u.id) < (").push_bind(created_at).push(", ").push_bind(id);
    query.push(") ORDER BY u.created_at DESC, u.id DESC LIMIT ").push_bind(filter.limit.plus_one());
    let rows = query.build_query_as::<User>().fetch_all(read.connection()).await?;
    Page::new(rows, filter.limit, |user| Newest(user.created_at, user.id.0))
}
