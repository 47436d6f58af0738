//! The list of courses: filters, orders, pages. The one query that is built at run time, since its filters and
//! its order are optional; a test calls each of them.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, Postgres, QueryBuilder};
use utoipa::ToSchema;

use super::{CourseStatus, DifficultyLevel, Instructor, Visibility};
use crate::catalog::Slug;
use crate::error::Result;
use crate::id::{CategoryId, CourseId, UserId};
use crate::identity::Permission;
use crate::input::{Money, Text, text_enum};
use crate::optional_fields;
use crate::page::{Cursor, Limit, Page};
use crate::transaction::Read;
use crate::version::Version;

text_enum! {
    /// The order of the list; with `-` the other way round.
    Sort { Newest = "newest", Oldest = "-newest", Title = "title", TitleReversed = "-title" }
}

optional_fields! {
    pub struct Filter {
        /// Words of the title, the tags or the description.
        q: Option<Text<1, 200>>,
        /// A category's slug.
        category: Option<Slug>,
        /// Without it, the published courses that anyone may know of; with it, the caller's own too.
        status: Option<CourseStatus>,
        sort: Option<Sort>,
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

/// A course in a list.
#[derive(Debug, Clone, Serialize, ToSchema, FromRow)]
pub struct CourseSummary {
    pub id: CourseId,
    pub title: String,
    pub slug: String,
    pub description: String,
    pub thumbnail_url: Option<String>,
    pub instructor_id: UserId,
    #[schema(value_type = Instructor)]
    pub instructor: Json<Instructor>,
    pub category_id: CategoryId,
    pub status: CourseStatus,
    pub visibility: Visibility,
    pub is_featured: bool,
    pub difficulty_level: DifficultyLevel,
    pub language: String,
    pub price: Money,
    pub estimated_hours: Option<Money>,
    #[schema(value_type = Vec<String>)]
    pub tags: Json<Vec<String>>,
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: Version,
    #[serde(skip)]
    sort_title: String,
}

const COLUMNS: &str = "c.id, c.title, c.slug, c.description, c.thumbnail_url, c.instructor_id,
    shown_to_anyone(i) AS instructor, c.category_id, c.status, c.visibility, c.is_featured, c.difficulty_level, c.language, c.price, c.estimated_hours,
    c.tags, c.published_at, c.created_at, c.updated_at, c.version, lower(c.title) AS sort_title";

/// The condition of the partial indexes `courses_listed_*`.
const LISTED: &str = "c.status = 'published' AND c.visibility <> 'private' AND c.deleted_at IS NULL";

#[derive(Serialize, Deserialize)]
struct ByNewest(#[serde(deserialize_with = "crate::page::time")] DateTime<Utc>, CourseId);

#[derive(Serialize, Deserialize)]
struct ByTitle(#[serde(deserialize_with = "crate::page::text")] String, CourseId);

/// A page of the courses that the caller may see listed.
///
/// # Errors
/// 422 for a cursor of another list or another order.
pub async fn list(read: &mut Read, filter: &Filter) -> Result<Page<CourseSummary>> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM courses c JOIN users i ON i.id = c.instructor_id WHERE ");
    push_seen(&mut query, read, filter.status);
    if let Some(words) = &filter.q {
        query.push(" AND c.search @@ websearch_to_tsquery('simple', ").push_bind(words.as_str()).push(")");
    }
    if let Some(category) = &filter.category {
        query
            .push(" AND c.category_id = (SELECT id FROM categories WHERE slug = ")
            .push_bind(category.as_str())
            .push(")");
    }
    let cursor = filter.cursor.as_ref();
    match filter.sort.unwrap_or(Sort::Newest) {
        order @ (Sort::Newest | Sort::Oldest) => {
            let (compare, direction) = if order == Sort::Newest { ("<", "DESC") } else { (">", "ASC") };
            if let Some(ByNewest(created_at, id)) = keys(cursor)? {
                query.push(format!(" AND (c.created_at, c.id) {compare} ("));
                query.push_bind(created_at).push(", ").push_bind(id).push(")");
            }
            query.push(format!(" ORDER BY c.created_at {direction}, c.id {direction}"));
            page(read, filter.limit, query, |course| ByNewest(course.created_at, course.id)).await
        }
        order @ (Sort::Title | Sort::TitleReversed) => {
            let (compare, direction) = if order == Sort::Title { (">", "ASC") } else { ("<", "DESC") };
            if let Some(ByTitle(title, id)) = keys(cursor)? {
                query.push(format!(" AND (lower(c.title), c.id) {compare} ("));
                query.push_bind(title).push(", ").push_bind(id).push(")");
            }
            query.push(format!(" ORDER BY lower(c.title) {direction}, c.id {direction}"));
            page(read, filter.limit, query, |course| ByTitle(course.sort_title.clone(), course.id)).await
        }
    }
}

/// What the caller may see listed: what is published for anyone, and with a status, also what they are staff of.
fn push_seen(query: &mut QueryBuilder<Postgres>, read: &Read, status: Option<CourseStatus>) {
    let Some(status) = status else {
        query.push(LISTED);
        return;
    };
    query.push("c.deleted_at IS NULL AND c.status = ").push_bind(status.as_str());
    if read.caller().may(Permission::CoursesUpdateAny) {
        return;
    }
    query.push(" AND ((").push(LISTED).push(")");
    if let Some(user) = read.caller().user_id() {
        query.push(" OR c.instructor_id = ").push_bind(user).push(" OR c.created_by = ").push_bind(user);
    }
    query.push(")");
}

fn keys<K: DeserializeOwned>(cursor: Option<&Cursor>) -> Result<Option<K>> {
    cursor.map(Cursor::keys).transpose()
}

async fn page<K: Serialize>(
    read: &mut Read,
    limit: Limit,
    mut query: QueryBuilder<Postgres>,
    keys: impl Fn(&CourseSummary) -> K,
) -> Result<Page<CourseSummary>> {
    query.push(" LIMIT ").push_bind(limit.and_one());
    let rows = query.build_query_as().fetch_all(read.connection()).await?;
    Page::new(rows, limit, keys)
}
