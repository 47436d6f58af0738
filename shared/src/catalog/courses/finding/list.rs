//! The list, a page at a time, in each order.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::{Encode, Postgres, QueryBuilder, Type};

use super::matching::{CATEGORY, Words, check, push_conditions};
use super::relevance::{CANDIDATES, push_candidates};
use super::{COLUMNS, CourseSummary, Filter, Sort};
use crate::error::Result;
use crate::id::CourseId;
use crate::identity::Caller;
use crate::page::{Cursor, Page};
use crate::transaction::Read;

/// A page of the courses that the caller may see listed. When nothing has the words, what they may have meant is
/// searched for.
///
/// # Errors
/// 422 for a cursor of another list or another order; 401 or 403 for deleted ones, unless by an administrator.
pub async fn list(read: &mut Read, filter: &Filter) -> Result<Page<CourseSummary>> {
    check(read.caller(), filter)?;
    let position: Option<Position<serde_json::Value>> = filter.cursor.as_ref().map(Cursor::keys).transpose()?;
    let corrected = position.is_some_and(|position| position.corrected());
    let words = Words::of(read, filter, corrected).await?;
    let page = ordered(read, filter, words).await?;
    if !page.data.is_empty() || filter.cursor.is_some() {
        return Ok(page);
    }
    match Words::corrected(read, filter).await? {
        Some(meant) => ordered(read, filter, Some(meant)).await,
        None => Ok(page),
    }
}

/// Where a page ends: the sort key, the id, and whether the words are corrected ones.
#[derive(Serialize, Deserialize)]
struct Position<K>(K, CourseId, #[serde(default)] bool);

impl<K> Position<K> {
    fn corrected(&self) -> bool {
        self.2
    }
}

#[derive(Serialize, Deserialize)]
struct Time(#[serde(deserialize_with = "crate::page::time")] DateTime<Utc>);

#[derive(Serialize, Deserialize)]
struct Title(#[serde(deserialize_with = "crate::page::text")] String);

/// What the list is ordered by: the expression, the id that parts equal ones, and the direction.
struct Order {
    key: &'static str,
    id: &'static str,
    ascending: bool,
}

impl Order {
    /// `(key, id) > ($1, $2)`, which an index on both serves.
    fn push_after<K>(&self, query: &mut QueryBuilder<Postgres>, key: K, id: CourseId)
    where
        K: for<'q> Encode<'q, Postgres> + Type<Postgres> + Send + 'static,
    {
        let compare = if self.ascending { ">" } else { "<" };
        query.push(format!(" AND ({}, {}) {compare} (", self.key, self.id));
        query.push_bind(key).push(", ").push_bind(id).push(")");
    }

    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        let direction = if self.ascending { "ASC" } else { "DESC" };
        query.push(format!(" ORDER BY {} {direction}, {} {direction}", self.key, self.id));
    }
}

async fn ordered(read: &mut Read, filter: &Filter, words: Option<Words>) -> Result<Page<CourseSummary>> {
    let corrected = words.as_ref().is_some_and(Words::are_corrected);
    let by = |key, ascending| Order { key, id: "c.id", ascending };
    let sort = filter.sort();
    match sort {
        Sort::Newest | Sort::Oldest => {
            let order = by("c.created_at", sort == Sort::Oldest);
            let key = |course: &CourseSummary| Position(Time(course.created_at), course.id, corrected);
            page(read, filter, words, &order, |Time(time)| time, key).await
        }
        Sort::Title | Sort::TitleReversed => {
            let order = by("lower(c.title)", sort == Sort::Title);
            let key = |course: &CourseSummary| Position(Title(course.sort_title.clone()), course.id, corrected);
            page(read, filter, words, &order, |Title(title)| title, key).await
        }
        Sort::Price | Sort::Dearest => {
            let order = by("c.price", sort == Sort::Price);
            let key = |course: &CourseSummary| Position(cents(course), course.id, corrected);
            page(read, filter, words, &order, |cents: i64| Decimal::new(cents, 2), key).await
        }
        Sort::Popular | Sort::LeastPopular => {
            let order = Order { key: "p.enrollment_count", id: "p.course_id", ascending: sort == Sort::LeastPopular };
            let key = |course: &CourseSummary| Position(course.enrollment_count, course.id, corrected);
            page(read, filter, words, &order, |count: i32| count, key).await
        }
        Sort::Relevance | Sort::LeastRelevant => {
            let order = Order { key: "f.relevance", id: "f.id", ascending: sort == Sort::LeastRelevant };
            let key = |course: &CourseSummary| Position(course.relevance, course.id, corrected);
            page(read, filter, words, &order, |relevance: f32| relevance, key).await
        }
    }
}

/// The price as a whole number, which JSON keeps.
fn cents(course: &CourseSummary) -> i64 {
    let mut price = course.price.decimal();
    price.rescale(2);
    i64::try_from(price.mantissa()).unwrap_or(i64::MAX)
}

/// One page: behind the cursor's key as `bound` reads it, up to the key of its last course.
async fn page<K, B>(
    read: &mut Read,
    filter: &Filter,
    words: Option<Words>,
    order: &Order,
    bound: impl Fn(K) -> B,
    key: impl Fn(&CourseSummary) -> Position<K>,
) -> Result<Page<CourseSummary>>
where
    K: Serialize + DeserializeOwned,
    B: for<'q> Encode<'q, Postgres> + Type<Postgres> + Send + 'static,
{
    let mut query = QueryBuilder::new("");
    let ranked = words.as_ref().filter(|_| matches!(filter.sort(), Sort::Relevance | Sort::LeastRelevant));
    match ranked {
        Some(words) => {
            push_candidates(&mut query, read.caller(), filter, words, CANDIDATES);
            // Only those of the page are read whole.
            query
                .push(format!(" SELECT {COLUMNS}, f.relevance FROM (SELECT f.id, f.relevance FROM found f WHERE true"));
        }
        None => push_listed(&mut query, read.caller(), filter, words.as_ref(), order),
    }
    if let Some(Position(value, id, _)) = filter.cursor.as_ref().map(Cursor::keys::<Position<K>>).transpose()? {
        order.push_after(&mut query, bound(value), id);
    }
    order.push(&mut query);
    push_limit(&mut query, filter);
    if ranked.is_some() {
        query.push(") f JOIN courses c ON c.id = f.id JOIN users i ON i.id = c.instructor_id");
        order.push(&mut query);
    }
    // The best way to rare words is not that to frequent ones: searches are planned one by one.
    let rows = query.build_query_as().persistent(words.is_none()).fetch_all(read.connection()).await?;
    Page::new(rows, filter.limit, key)
}

/// In the text, where the plan is good for all values, so that the database plans once and not each time. The rare and
/// the frequent tag want plans of their own, which they get when the limit is unknown.
fn push_limit(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    let most = filter.limit.and_one();
    if filter.tag.0.is_empty() && filter.language.is_none() && filter.instructor_id.is_none() {
        query.push(format!(" LIMIT {most}"));
    } else {
        query.push(" LIMIT ").push_bind(most);
    }
}

fn push_listed(
    query: &mut QueryBuilder<Postgres>,
    caller: &Caller,
    filter: &Filter,
    words: Option<&Words>,
    order: &Order,
) {
    let popularity = order.key.starts_with("p.");
    query.push(format!("SELECT {COLUMNS}"));
    query.push(if popularity { ", p.enrollment_count" } else { "" });
    query.push(" FROM courses c JOIN users i ON i.id = c.instructor_id");
    query.push(if popularity { " JOIN course_popularity p ON p.course_id = c.id WHERE " } else { " WHERE " });
    push_conditions(query, caller, filter, if popularity { "p.category_id" } else { CATEGORY });
    if let Some(words) = words {
        query.push(" AND ");
        words.push_indexed(query, "c.search");
        query.push(" AND ");
        words.push_fits(query);
    }
}
