//! The best candidates for some words: an index finds them, and only a bounded number is ranked, whatever the words and however
//! large the catalogue. Of more than that, those with all the words in their titles come first; which of the others are ranked
//! is the database's choice.

use sqlx::{Postgres, QueryBuilder};

use super::Filter;
use super::matching::{CATEGORY, Words, is_unfiltered, looked_up, push_conditions};
use crate::identity::Caller;

/// How many courses are ranked, and counted by facets.
pub(super) const CANDIDATES: i64 = 1_000;

/// How many courses are looked at where an index finds more than fits, since the order of words matters.
const CANDIDATES_IN_ORDER: i64 = 3_000;

/// Begins the query with `WITH found (id, relevance)`, of up to `most` courses.
pub(super) fn push_candidates(
    query: &mut QueryBuilder<Postgres>,
    caller: &Caller,
    filter: &Filter,
    words: &Words,
    most: i64,
) {
    // Words are rare when all courses that have them can be looked at.
    let rare = if words.are_in_order() { CANDIDATES_IN_ORDER } else { most };
    push_matched(query, words, is_unfiltered(filter), rare);
    query.push(", titled AS MATERIALIZED (");
    push_frequent(query, caller, filter, words, true, rare);
    query.push(format!(" LIMIT {rare}"));
    query.push("), candidates AS MATERIALIZED (SELECT s.course_id, s.language FROM matched");
    query.push(looked_up("course_search", "s", "course_id", "matched.course_id"));
    push_seen(query, caller, filter, &looked_up("courses", "c", "id", "s.course_id"));
    query.push(format!(
        " AND (SELECT count(*) FROM matched) <= {rare} UNION ALL SELECT course_id, language FROM titled UNION ALL ("
    ));
    push_frequent(query, caller, filter, words, false, rare);
    query.push(format!(
        " AND s.course_id NOT IN (SELECT course_id FROM titled) LIMIT {rare} - (SELECT count(*) FROM titled))),
        queries AS MATERIALIZED (SELECT language, "
    ));
    words.push_ranking(query, "language");
    query.push(" AS ranking, ");
    words.push_spelling(query);
    // `ts_rank` takes a tenth of the time of the cover density, `ts_rank_cd`, which alone doesn't depend on how many words a
    // correction tries. Long descriptions have no advantage (1).
    let rank = if words.are_corrected() { "ts_rank_cd" } else { "ts_rank" };
    query.push(format!(
        " AS spelling FROM (SELECT DISTINCT language FROM candidates) AS spoken),
        found AS MATERIALIZED (
          SELECT s.course_id AS id,
            ({rank}(s.words, q.ranking, 1) + coalesce(ts_rank(s.words, q.spelling, 1), 0))::real AS relevance
          FROM candidates{} JOIN queries q ON coalesce(q.language, '') = coalesce(s.language, '')
          WHERE ",
        looked_up("course_search", "s", "course_id", "candidates.course_id")
    ));
    words.push_fits(query);
    query.push(" ORDER BY relevance DESC, id DESC LIMIT ").push_bind(most).push(")");
}

/// Begins the query with `WITH matched (course_id)`, of the courses that an index finds: all of them, or one more than `rare`.
pub(super) fn push_matched(query: &mut QueryBuilder<Postgres>, words: &Words, only_listed: bool, rare: i64) {
    query.push("WITH matched AS MATERIALIZED (SELECT course_id FROM search_matches(");
    words.push_index(query);
    query.push(format!(", false, {only_listed}, {}) AS course_id)", rare + 1));
}

/// Pushes the courses of frequent words, which more than `rare` courses have.
fn push_frequent(
    query: &mut QueryBuilder<Postgres>,
    caller: &Caller,
    filter: &Filter,
    words: &Words,
    in_titles: bool,
    rare: i64,
) {
    query.push("SELECT s.course_id, s.language FROM ");
    match (is_unfiltered(filter), in_titles) {
        (true, true) => {
            query.push("search_matches(");
            words.push_index(query);
            query.push(format!(", true, true, {rare}) AS titled (course_id)"));
            query.push(looked_up("course_search", "s", "course_id", "titled.course_id")).push(" WHERE true");
        }
        (true, false) => {
            query.push("matched").push(looked_up("course_search", "s", "course_id", "matched.course_id"));
            query.push(" WHERE true");
        }
        (false, _) => {
            query.push("course_search s");
            push_seen(query, caller, filter, " JOIN courses c ON c.id = s.course_id");
            query.push(if in_titles { " AND s.title @@ " } else { " AND s.words @@ " });
            words.push_index(query);
        }
    }
    query.push(format!(" AND (SELECT count(*) FROM matched) > {rare}"));
}

/// Pushes the conditions of everything but the words. Only a filter needs the courses, joined so.
fn push_seen(query: &mut QueryBuilder<Postgres>, caller: &Caller, filter: &Filter, courses: &str) {
    if is_unfiltered(filter) {
        query.push(" WHERE s.is_listed");
    } else {
        query.push(courses).push(" WHERE ");
        push_conditions(query, caller, filter, CATEGORY);
    }
}
