//! Which courses a search finds: what the caller may see, the filters, and the words.

use sqlx::{Postgres, QueryBuilder};

use super::{Filter, Price};
use crate::catalog::courses::CourseStatus;
use crate::error::{Error, Result};
use crate::identity::{Caller, Permission};
use crate::input::Flag;
use crate::transaction::Read;

/// The condition of the partial indexes `courses_listed_*`.
const LISTED: &str = "c.status = 'published' AND c.visibility <> 'private' AND c.deleted_at IS NULL";

/// What is searched for, as tsqueries of the lexemes in `course_search`. They are made once for a search, not for each course.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// Finds all that fits through an index, without looking at a course. `None` when nothing is asked for, and so nothing fits.
    index: Option<String>,
    /// Finds what fits, where the order of words matters too.
    whole: Option<String>,
    /// The words as typed; `None` when they are corrected.
    typed: Option<String>,
}

impl Words {
    /// Returns the words of the filter: as they were typed or, on the later pages of a corrected search, corrected.
    pub async fn of(read: &mut Read, filter: &Filter, corrected: bool) -> Result<Option<Self>> {
        let Some(words) = &filter.q else { return Ok(None) };
        if corrected {
            return Self::corrected(read, filter).await;
        }
        let queries = sqlx::query!(
            "SELECT search_query($1, languages, 'index')::text AS index, search_query($1, languages, 'whole')::text AS whole
             FROM spoken_languages() AS languages",
            words.as_str()
        );
        let queries = queries.fetch_one(read.connection()).await?;
        let whole = queries.whole.filter(|whole| queries.index.as_ref() != Some(whole));
        Ok(Some(Self { index: queries.index, whole, typed: Some(words.as_str().to_owned()) }))
    }

    /// Returns what misspelt words may have meant.
    pub async fn corrected(read: &mut Read, filter: &Filter) -> Result<Option<Self>> {
        let Some(words) = &filter.q else { return Ok(None) };
        let meant = sqlx::query_scalar!("SELECT corrected_query($1)::text", words.as_str());
        let index = meant.fetch_one(read.connection()).await?;
        Ok(index.map(|index| Self { index: Some(index), whole: None, typed: None }))
    }

    /// Returns whether an index finds at most `most` courses.
    pub async fn are_had_by_at_most(&self, read: &mut Read, most: i64) -> Result<bool> {
        let rare = sqlx::query_scalar!(
            r#"SELECT count(*) <= $2::bigint AS "rare!" FROM search_matches($1::text::tsquery, false, false, $2::bigint + 1)"#,
            self.index.as_deref(),
            most
        );
        Ok(rare.fetch_one(read.connection()).await?)
    }

    pub fn are_corrected(&self) -> bool {
        self.typed.is_none()
    }

    /// Whether an index finds more than fits.
    pub fn are_in_order(&self) -> bool {
        self.whole.is_some()
    }

    /// Pushes the query that an index answers.
    pub fn push_index(&self, query: &mut QueryBuilder<Postgres>) {
        query.push_bind(self.index.clone()).push("::text::tsquery");
    }

    /// Pushes the condition that `s.words` fit, for what the index found.
    pub fn push_fits(&self, query: &mut QueryBuilder<Postgres>) {
        match &self.whole {
            Some(whole) => query.push("s.words @@ ").push_bind(whole.clone()).push("::text::tsquery"),
            None => query.push("true"),
        };
    }

    /// Pushes the query that `s.words` are ranked by, in the language `language`.
    pub fn push_ranking(&self, query: &mut QueryBuilder<Postgres>, language: &str) {
        match &self.typed {
            Some(typed) => {
                query.push("search_query(").push_bind(typed.clone());
                query.push(format!(", ARRAY[{language}]::text[], 'rank')"));
            }
            None => {
                query.push_bind(self.index.clone()).push("::text::tsquery");
            }
        }
    }

    /// Pushes the query of the words just as they are typed.
    pub fn push_spelling(&self, query: &mut QueryBuilder<Postgres>) {
        match &self.typed {
            Some(typed) => query.push("search_query(").push_bind(typed.clone()).push(", '{}', 'spelling')"),
            None => query.push("NULL::tsquery"),
        };
    }
}

/// Lets only administrators look at deleted courses.
pub(super) fn check(caller: &Caller, filter: &Filter) -> Result<()> {
    if !filter.deleted.is_some_and(Flag::is_set) || caller.may(Permission::CoursesUpdateAny) {
        return Ok(());
    }
    match caller.user_id() {
        Some(_) => Err(Error::forbidden("Only administrators list deleted courses.")),
        None => Err(Error::unauthorized("Only administrators list deleted courses.")),
    }
}

/// Joins the row of `table` whose `key` is `of`, looked up for each row by itself (`OFFSET 0` sees to that): the planner doesn't
/// know how few rows there are, and would rather read the whole table.
pub(super) fn looked_up(table: &str, alias: &str, key: &str, of: &str) -> String {
    format!(" CROSS JOIN LATERAL (SELECT * FROM {table} {alias} WHERE {alias}.{key} = {of} OFFSET 0) {alias}")
}

/// The most courses that are collected by a rare word or tag and then sorted. Walking along the index of an order instead
/// could read the whole catalogue before it meets the first of them.
pub(super) const COLLECTED: i64 = 5_000;

/// Returns the rarest tag of the filter, if so few courses have it that they can be collected.
pub(super) async fn rare_tag(read: &mut Read, filter: &Filter) -> Result<Option<String>> {
    if filter.tag.0.is_empty() {
        return Ok(None);
    }
    let tags: Vec<String> = filter.tag.0.iter().map(|tag| tag.as_str().trim().to_owned()).collect();
    let rarest = sqlx::query_scalar!(
        r#"SELECT given AS "given!" FROM unnest($1::text[]) AS given LEFT JOIN tag_counts n ON n.key = folded(given)
           WHERE coalesce(n.course_count, 0) <= $2::bigint ORDER BY coalesce(n.course_count, 0), given LIMIT 1"#,
        &tags,
        COLLECTED
    );
    Ok(rarest.fetch_optional(read.connection()).await?)
}

/// Begins the query with `WITH matched (course_id)`, of all courses that have the tag.
pub(super) fn push_tagged(query: &mut QueryBuilder<Postgres>, tag: &str) {
    query.push("WITH matched AS MATERIALIZED (SELECT course_id FROM course_tags WHERE folded(tag) = folded(");
    query.push_bind(tag.to_owned()).push("))");
}

/// Returns whether the search has no filter but its words: then `course_search` alone answers it.
pub(super) fn is_unfiltered(filter: &Filter) -> bool {
    filter.category.is_none()
        && filter.tag.0.is_empty()
        && filter.difficulty_level.is_none()
        && filter.language.is_none()
        && filter.instructor_id.is_none()
        && filter.price.is_none()
        && filter.is_featured.is_none()
        && filter.status.is_none()
        && !filter.deleted.is_some_and(Flag::is_set)
}

/// The column of a course's category.
pub(super) const CATEGORY: &str = "c.category_id";

/// Pushes the conditions of everything but the words, beginning with what the caller may see. `category` is the column of
/// the category that the index of the order has.
pub(super) fn push_conditions(query: &mut QueryBuilder<Postgres>, caller: &Caller, filter: &Filter, category: &str) {
    push_seen(query, caller, filter);
    if let Some(slug) = &filter.category {
        query.push(format!(" AND {category} = (SELECT id FROM categories WHERE slug = "));
        query.push_bind(slug.as_str().to_owned()).push(")");
    }
    for tag in &filter.tag.0 {
        query.push(" AND EXISTS (SELECT FROM course_tags t WHERE t.course_id = c.id AND folded(t.tag) = folded(");
        query.push_bind(tag.as_str().trim().to_owned()).push("))");
    }
    if let Some(level) = filter.difficulty_level {
        query.push(" AND c.difficulty_level = ").push_bind(level.as_str());
    }
    if let Some(language) = &filter.language {
        query.push(" AND c.language = ").push_bind(language.as_str().to_owned());
    }
    if let Some(instructor) = filter.instructor_id {
        query.push(" AND c.instructor_id = ").push_bind(instructor);
    }
    match filter.price {
        Some(Price::Free) => query.push(" AND c.price = 0"),
        Some(Price::Paid) => query.push(" AND c.price > 0"),
        None => query,
    };
    match filter.is_featured.map(Flag::is_set) {
        Some(true) => query.push(" AND c.is_featured"),
        Some(false) => query.push(" AND NOT c.is_featured"),
        None => query,
    };
}

/// Pushes what the caller may see listed: the published courses of which anyone may know and, with a status, also those that
/// they are staff of.
fn push_seen(query: &mut QueryBuilder<Postgres>, caller: &Caller, filter: &Filter) {
    if filter.deleted.is_some_and(Flag::is_set) {
        query.push("c.deleted_at IS NOT NULL");
        if let Some(status) = filter.status {
            query.push(format!(" AND c.status = '{}'", status.as_str()));
        }
        return;
    }
    let Some(status) = filter.status else {
        query.push(LISTED);
        return;
    };
    // In the text, not bound, so that indexes on the status serve.
    query.push(format!("c.deleted_at IS NULL AND c.status = '{}'", status.as_str()));
    if caller.may(Permission::CoursesUpdateAny) {
        return;
    }
    let anyone = if status == CourseStatus::Published { "c.visibility <> 'private'" } else { "false" };
    query.push(" AND (").push(anyone);
    if let Some(user) = caller.user_id() {
        query.push(" OR c.instructor_id = ").push_bind(user).push(" OR c.created_by = ").push_bind(user);
    }
    query.push(")");
}
