//! What a search could be narrowed by: how many of its courses there are in each category, and so on.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, Postgres, QueryBuilder};
use utoipa::ToSchema;

use super::Filter;
use super::matching::{CATEGORY, Words, check, looked_up, push_conditions, push_tagged, rare_tag};
use super::relevance::{CANDIDATES, push_candidates};
use crate::error::Result;
use crate::transaction::Read;

/// Each list has the values that there are, the most frequent first, as the filter of its name takes them.
#[derive(Debug, Serialize, ToSchema, FromRow)]
pub struct Facets {
    #[schema(value_type = Vec<CategoryCount>)]
    pub category: Json<Vec<CategoryCount>>,
    #[schema(value_type = Vec<ValueCount>)]
    pub difficulty_level: Json<Vec<ValueCount>>,
    #[schema(value_type = Vec<ValueCount>)]
    pub language: Json<Vec<ValueCount>>,
    /// The 100 most frequent, each in its most frequent spelling.
    #[schema(value_type = Vec<ValueCount>)]
    pub tag: Json<Vec<ValueCount>>,
    #[schema(value_type = Vec<ValueCount>)]
    pub price: Json<Vec<ValueCount>>,
    /// `false` when there are more courses than are counted: 1,000, by relevance or the newest.
    pub complete: bool,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CategoryCount {
    /// Its slug.
    pub value: String,
    pub name: String,
    pub count: i64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ValueCount {
    pub value: String,
    pub count: i64,
}

/// The facets of a search, of the courses that its list shows.
///
/// # Errors
/// 401 or 403 for deleted ones, unless by an administrator.
pub async fn facets(read: &mut Read, filter: &Filter) -> Result<Facets> {
    check(read.caller(), filter)?;
    let words = Words::of(read, filter, false).await?;
    let facets = counted(read, filter, words).await?;
    if !facets.price.is_empty() {
        return Ok(facets);
    }
    match Words::corrected(read, filter).await? {
        Some(meant) => counted(read, filter, Some(meant)).await,
        None => Ok(facets),
    }
}

async fn counted(read: &mut Read, filter: &Filter, words: Option<Words>) -> Result<Facets> {
    let mut query = QueryBuilder::new("");
    if let Some(words) = &words {
        push_candidates(&mut query, read.caller(), filter, words, CANDIDATES + 1);
    } else {
        let tag = rare_tag(read, filter).await?;
        push_newest(&mut query, read, filter, tag.as_deref());
    }
    query.push(
        ", shown AS MATERIALIZED (
           SELECT c.category_id, c.difficulty_level, c.language, c.price, c.tags
           FROM (SELECT id FROM found LIMIT ",
    );
    query.push_bind(CANDIDATES);
    query.push(format!(") f{}) SELECT", looked_up("courses", "c", "id", "f.id")));
    query.push(
        " (SELECT coalesce(jsonb_agg(jsonb_build_object('value', g.slug, 'name', g.name, 'count', n)
             ORDER BY n DESC, g.display_order, g.id), '[]')
           FROM (SELECT category_id, count(*) AS n FROM shown GROUP BY category_id) AS s
           JOIN categories g ON g.id = s.category_id) AS category,",
    );
    for (name, value, group, from) in [
        ("difficulty_level", "difficulty_level", "1", "shown"),
        ("language", "language", "1", "shown"),
        ("tag", "mode() WITHIN GROUP (ORDER BY tag)", "folded(tag)", "shown, jsonb_array_elements_text(tags) AS tag"),
        ("price", "CASE WHEN price = 0 THEN 'free' ELSE 'paid' END", "1", "shown"),
    ] {
        query.push(format!(
            " (SELECT coalesce(jsonb_agg(jsonb_build_object('value', value, 'count', n) ORDER BY n DESC, value), '[]')
               FROM (SELECT {value} AS value, count(*) AS n FROM {from} GROUP BY {group} ORDER BY 2 DESC, 1 LIMIT 100) AS s) AS {name},"
        ));
    }
    query.push(" (SELECT count(*) FROM found) <= ").push_bind(CANDIDATES).push(" AS complete");
    Ok(query.build_query_as().persistent(words.is_none()).fetch_one(read.connection()).await?)
}

/// Begins the query with the newest courses: without words, all are as relevant.
fn push_newest(query: &mut QueryBuilder<Postgres>, read: &Read, filter: &Filter, tag: Option<&str>) {
    let tagged = tag.is_some();
    if let Some(tag) = tag {
        push_tagged(query, tag);
    }
    query.push(if tagged { ", found" } else { "WITH found" }).push(" AS MATERIALIZED (SELECT c.id FROM ");
    if tagged {
        query.push("matched").push(looked_up("courses", "c", "id", "matched.course_id"));
    } else {
        query.push("courses c");
    }
    query.push(" WHERE ");
    push_conditions(query, read.caller(), filter, CATEGORY);
    query.push(" ORDER BY c.created_at DESC, c.id DESC LIMIT ").push_bind(CANDIDATES + 1).push(")");
}
