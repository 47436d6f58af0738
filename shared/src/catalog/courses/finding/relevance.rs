//! The best candidates for some words: an index finds them, and only so many are ranked, whatever the words. Where
//! there are more, those with all the words in their titles come first; which of the others is the database's choice.

use sqlx::{Postgres, QueryBuilder};

use super::Filter;
use super::matching::{CATEGORY, Words, push_conditions};
use crate::identity::Caller;

/// How many are ranked, and counted by facets.
pub(super) const CANDIDATES: i64 = 1_000;

/// The expression of `courses_search_title_idx`.
const TITLE: &str = "course_words(c.language, c.title, '[]', '')";

/// Begins the query: `WITH … found (id, relevance)`, up to so many.
pub(super) fn push_candidates(
    query: &mut QueryBuilder<Postgres>,
    caller: &Caller,
    filter: &Filter,
    words: &Words,
    most: i64,
) {
    query.push("WITH titled AS MATERIALIZED (");
    push_ranked(query, caller, filter, words, TITLE);
    query.push(" LIMIT ").push_bind(most);
    query.push("), found AS MATERIALIZED (SELECT id, relevance FROM titled UNION ALL (");
    push_ranked(query, caller, filter, words, "c.search");
    query.push(" AND c.id NOT IN (SELECT id FROM titled) LIMIT ").push_bind(most);
    query.push(" - (SELECT count(*) FROM titled)))");
}

/// Those that an index of that vector finds, and how well the words fit: the cover density, which doesn't depend on
/// how many words a guess tries, with long descriptions at no advantage. What the index finds is a query of its own
/// (`OFFSET 0`), so that `LIMIT` leads to no other way through the table, and cuts the same thousand on each page.
fn push_ranked(query: &mut QueryBuilder<Postgres>, caller: &Caller, filter: &Filter, words: &Words, vector: &str) {
    query.push("SELECT c.id, ts_rank_cd(c.search, c.query, 1) AS relevance FROM (SELECT c.id, c.search, ");
    words.push_query(query);
    query.push(" AS query FROM courses c WHERE ");
    push_conditions(query, caller, filter, CATEGORY);
    query.push(" AND ");
    words.push_indexed(query, vector);
    query.push(" OFFSET 0) c WHERE c.search @@ c.query");
}
