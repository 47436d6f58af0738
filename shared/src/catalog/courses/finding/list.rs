//! The list, a page at a time, in each order.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::{Encode, Postgres, QueryBuilder, Type};

use super::matching::{CATEGORY, COLLECTED, Words, check, looked_up, push_conditions, push_tagged, rare_tag};
use super::relevance::{CANDIDATES, push_candidates, push_matched};
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

/// How the courses of a page are found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The best candidates, by relevance or in another order.
    Ranked,
    /// All that an index of the words or of a tag finds, and then the first of them.
    Collected,
    /// Along the index of the order, which tells what fits.
    Walked,
    /// Along the index of the order, up to [`WALKED`] courses, each asked for the words.
    Searched,
}

/// The number of courses that are asked for frequent words. When that fills no page, the words are rare in this part of the
/// order, and the courses that have them are collected after all.
const WALKED: i64 = 5_000;

impl Order {
    fn is_popularity(&self) -> bool {
        self.key.starts_with("p.")
    }

    /// The column that the order needs beside those of a summary.
    fn column(&self) -> &'static str {
        match self.key {
            "f.relevance" => ", w.key AS relevance",
            _ if self.is_popularity() => ", w.key AS enrollment_count",
            _ => "",
        }
    }

    /// `(key, id) > ($1, $2)`, which an index on both serves.
    fn push_after<K>(&self, query: &mut QueryBuilder<Postgres>, key: K, id: CourseId)
    where
        K: for<'q> Encode<'q, Postgres> + Type<Postgres> + Send + 'static,
    {
        let compare = if self.ascending { ">" } else { "<" };
        query.push(format!(" AND ({}, {}) {compare} (", self.key, self.id));
        query.push_bind(key).push(", ").push_bind(id).push(")");
    }

    fn push(&self, query: &mut QueryBuilder<Postgres>, key: &str, id: &str) {
        let direction = if self.ascending { "ASC" } else { "DESC" };
        query.push(format!(" ORDER BY {key} {direction}, {id} {direction}"));
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
            let order = by("c.title COLLATE title_order", sort == Sort::Title);
            let key = |course: &CourseSummary| Position(Title(course.title.clone()), course.id, corrected);
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
    B: for<'q> Encode<'q, Postgres> + Type<Postgres> + Clone + Send + 'static,
{
    let position = filter.cursor.as_ref().map(Cursor::keys::<Position<K>>).transpose()?;
    let position = position.map(|Position(value, id, _)| (bound(value), id));
    let tag = if words.is_none() { rare_tag(read, filter).await? } else { None };
    let mut way = match &words {
        None if tag.is_some() => Way::Collected,
        None => Way::Walked,
        Some(_) if matches!(filter.sort(), Sort::Relevance | Sort::LeastRelevant) => Way::Ranked,
        Some(words) if words.are_had_by_at_most(read, COLLECTED).await? => Way::Collected,
        Some(words) if words.are_in_order() => Way::Ranked,
        Some(_) => Way::Searched,
    };
    loop {
        let mut query = QueryBuilder::new("");
        push_found(&mut query, read.caller(), filter, words.as_ref(), tag.as_deref(), order, way);
        if let Some((value, id)) = position.clone() {
            order.push_after(&mut query, value, id);
        }
        order.push(&mut query, order.key, order.id);
        if way == Way::Searched {
            query.push(format!(" LIMIT {WALKED}"));
        } else {
            push_limit(&mut query, filter);
        }
        // Only the courses of the page are read whole.
        query.push(") w");
        if way == Way::Searched {
            query.push(looked_up("course_search", "s", "course_id", "w.id"));
        }
        query.push(" JOIN courses c ON c.id = w.id JOIN users i ON i.id = c.instructor_id");
        if let Some(words) = words.as_ref().filter(|_| way == Way::Searched) {
            query.push(" WHERE s.words @@ ");
            words.push_index(&mut query);
        }
        order.push(&mut query, "w.key", "w.id");
        if way == Way::Searched {
            push_limit(&mut query, filter);
        }
        // The best way to a rare word or tag is not that to a frequent one: such searches are planned one by one.
        let persistent = words.is_none() && filter.tag.0.is_empty();
        let rows: Vec<CourseSummary> =
            query.build_query_as().persistent(persistent).fetch_all(read.connection()).await?;
        if way == Way::Searched && i64::try_from(rows.len()).is_ok_and(|found| found < filter.limit.plus_one()) {
            way = Way::Collected;
        } else {
            return Page::new(rows, filter.limit, key);
        }
    }
}

/// Begins the query with `SELECT … FROM (SELECT key, id FROM … WHERE …`, of the courses that the filter finds.
fn push_found(
    query: &mut QueryBuilder<Postgres>,
    caller: &Caller,
    filter: &Filter,
    words: Option<&Words>,
    tag: Option<&str>,
    order: &Order,
    way: Way,
) {
    match (way, words, tag) {
        (Way::Ranked, Some(words), _) => push_candidates(query, caller, filter, words, CANDIDATES),
        (Way::Collected, Some(words), _) => push_matched(query, words, false, i64::from(i32::MAX)),
        (Way::Collected, None, Some(tag)) => push_tagged(query, tag),
        _ => {}
    }
    query.push(format!(
        " SELECT {COLUMNS}{} FROM (SELECT {} AS key, {} AS id FROM ",
        order.column(),
        order.key,
        order.id
    ));
    let in_order = words.filter(|words| way == Way::Collected && words.are_in_order());
    match way {
        Way::Ranked => query.push("found f").push(looked_up("courses", "c", "id", "f.id")),
        Way::Collected => query.push("matched m").push(looked_up("courses", "c", "id", "m.course_id")),
        Way::Walked | Way::Searched => query.push("courses c"),
    };
    match way {
        Way::Walked | Way::Searched if order.is_popularity() => {
            query.push(" JOIN course_popularity p ON p.course_id = c.id");
        }
        _ if order.is_popularity() => {
            query.push(looked_up("course_popularity", "p", "course_id", "c.id"));
        }
        _ => {}
    }
    if in_order.is_some() {
        query.push(looked_up("course_search", "s", "course_id", "c.id"));
    }
    query.push(" WHERE ");
    if way == Way::Ranked {
        query.push("true");
        return;
    }
    push_conditions(query, caller, filter, if order.is_popularity() { "p.category_id" } else { CATEGORY });
    if let Some(words) = in_order {
        query.push(" AND ");
        words.push_fits(query);
    }
}

/// Pushes the limit into the text, where one plan is good for all values, so that the database plans once and not each time.
/// A rare and a frequent language want different plans, which they get when the limit is unknown.
fn push_limit(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    let most = filter.limit.plus_one();
    if filter.tag.0.is_empty() && filter.language.is_none() && filter.instructor_id.is_none() {
        query.push(format!(" LIMIT {most}"));
    } else {
        query.push(" LIMIT ").push_bind(most);
    }
}
