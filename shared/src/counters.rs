//! Counts that lists show: learners of a course, listed courses of a category, of a tag, of a word (docs/semantics.md,
//! Counts). Triggers insert what a write changes into `counter_deltas`; [`FoldCounters`] adds it to the counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::jobs::{Job, Kind, Outcome, Runner};
use crate::transaction::Write;

/// The tables that hold counts, as `counter_deltas.counter` names them.
pub const COUNTERS: [&str; 4] = ["course_popularity", "category_counts", "tag_counts", "known_words"];

/// How many deltas are folded in one transaction.
const BATCH: i64 = 5_000;
/// How long a recomputation may read the facts.
const LONGEST_RECOMPUTATION: &str = "10min";

/// Adds all deltas to the counts.
#[derive(Serialize, Deserialize)]
pub struct FoldCounters {}

impl Job for FoldCounters {
    const KIND: Kind =
        Kind { name: "fold-counters", run_by: Runner::RunJobs, wake_after: Duration::from_secs(2), coalesces: true };

    async fn run(&mut self, write: &mut Write) -> Result<Outcome> {
        let fold = sqlx::query!(
            r#"SELECT folded AS "folded!", changed_catalog AS "changed_catalog!" FROM fold_counters($1)"#,
            BATCH
        );
        let fold = fold.fetch_one(write.connection()).await?;
        // Not for the popularity of courses: enrolments would empty the cache every two seconds.
        if fold.changed_catalog {
            write.invalidate_cache();
        }
        // The jobs end with the last batch: all deltas that were there when they were leased are folded then.
        Ok(if fold.folded < BATCH { Outcome::Done } else { Outcome::More })
    }
}

/// Compares the counts of one table with the facts, and enqueues what is missing as deltas. Exact while others write, and
/// blocks nobody. Returns how many counts were wrong.
///
/// # Errors
/// 503 when the database is away, or reading the facts takes longer than ten minutes.
pub async fn recompute(write: &mut Write, counter: &str) -> Result<i64> {
    // For this transaction alone, so that no pooler carries it on.
    sqlx::query_scalar!("SELECT set_config('statement_timeout', $1, true)", LONGEST_RECOMPUTATION)
        .fetch_one(write.connection())
        .await?;
    Ok(sqlx::query_scalar!(r#"SELECT recompute_counter($1) AS "wrong!""#, counter)
        .fetch_one(write.connection())
        .await?)
}
