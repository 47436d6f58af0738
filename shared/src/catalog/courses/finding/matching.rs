//! Which courses a search finds: what the caller may see, then the filters, then the words.

use sqlx::{Postgres, QueryBuilder};

use super::{Filter, Price};
use crate::catalog::courses::CourseStatus;
use crate::error::{Error, Result};
use crate::identity::{Caller, Permission};
use crate::input::Flag;
use crate::transaction::Read;

/// The condition of the partial indexes `courses_listed_*`.
const LISTED: &str = "c.status = 'published' AND c.visibility <> 'private' AND c.deleted_at IS NULL";

/// What is searched for.
#[derive(Debug, Clone)]
pub(super) enum Words {
    /// As somebody typed it, in the language of each course.
    Typed(String),
    /// What it may have meant, as a tsquery.
    Meant(String),
}

impl Words {
    /// The words of the filter, as they were typed or, on the later pages of a corrected search, corrected.
    pub async fn of(read: &mut Read, filter: &Filter, corrected: bool) -> Result<Option<Self>> {
        let Some(words) = &filter.q else { return Ok(None) };
        if corrected { Self::corrected(read, filter).await } else { Ok(Some(Self::Typed(words.as_str().to_owned()))) }
    }

    /// What misspelt words may have meant.
    pub async fn corrected(read: &mut Read, filter: &Filter) -> Result<Option<Self>> {
        let Some(words) = &filter.q else { return Ok(None) };
        let meant = sqlx::query_scalar!("SELECT corrected_query($1)", words.as_str());
        Ok(meant.fetch_one(read.connection()).await?.map(Self::Meant))
    }

    pub fn are_corrected(&self) -> bool {
        matches!(self, Self::Meant(_))
    }

    /// The condition that an index answers, of that vector.
    pub fn push_indexed(&self, query: &mut QueryBuilder<Postgres>, vector: &str) {
        query.push(vector);
        match self {
            Self::Typed(words) => query.push(" @@ any_language_query(").push_bind(words.clone()).push(")"),
            Self::Meant(words) => query.push(" @@ ").push_bind(words.clone()).push("::text::tsquery"),
        };
    }

    /// The tsquery of the course in question.
    pub fn push_query(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Typed(words) => query.push("course_query(c.language, ").push_bind(words.clone()).push(")"),
            Self::Meant(words) => query.push_bind(words.clone()).push("::text::tsquery"),
        };
    }

    /// That the course in question has them, in its own language.
    pub fn push_fits(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("c.search @@ ");
        self.push_query(query);
    }
}

/// Only administrators look at what is deleted.
pub(super) fn check(caller: &Caller, filter: &Filter) -> Result<()> {
    if !filter.deleted.is_some_and(Flag::is_set) || caller.may(Permission::CoursesUpdateAny) {
        return Ok(());
    }
    match caller.user_id() {
        Some(_) => Err(Error::forbidden("Only administrators list deleted courses.")),
        None => Err(Error::unauthorized("Only administrators list deleted courses.")),
    }
}

/// Where a course's category stands.
pub(super) const CATEGORY: &str = "c.category_id";

/// The conditions of everything but the words. What the caller may not see stays out first; the category is that of
/// the column that the order's index has.
pub(super) fn push_conditions(query: &mut QueryBuilder<Postgres>, caller: &Caller, filter: &Filter, category: &str) {
    push_seen(query, caller, filter);
    if let Some(slug) = &filter.category {
        query.push(format!(" AND {category} = (SELECT id FROM categories WHERE slug = "));
        query.push_bind(slug.as_str().to_owned()).push(")");
    }
    for tag in &filter.tag.0 {
        query.push(" AND EXISTS (SELECT FROM course_tags t WHERE t.course_id = c.id AND t.tag = ");
        query.push_bind(tag.as_str().trim().to_owned()).push(")");
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

/// What the caller may see listed: what is published for anyone, and with a status, also what they are staff of.
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
