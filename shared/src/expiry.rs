//! What is kept for how long once it is of no use: one table of it.

use chrono::TimeDelta;
use sqlx::QueryBuilder;

use crate::error::Result;
use crate::transaction::Read;

/// Rows go from that time on.
pub struct Rule {
    pub table: &'static str,
    /// When a row became useless.
    since: &'static str,
    kept: TimeDelta,
    /// So many go with one statement, so that none takes long.
    batch: u64,
}

pub const RULES: [Rule; 10] = [
    // With their refresh tokens, of which each may have thousands. Until then their owner sees them in an export.
    Rule { table: "sessions", since: "coalesce(ended_at, expires_at)", kept: TimeDelta::days(90), batch: 100 },
    Rule { table: "password_reset_tokens", since: "expires_at", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "email_verification_tokens", since: "expires_at", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "email_changes", since: "expires_at", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "known_addresses", since: "seen_at", kept: TimeDelta::days(90), batch: 10_000 },
    // A row tells to whom a mail went.
    Rule { table: "outbox", since: "delivered_at", kept: TimeDelta::days(30), batch: 10_000 },
    Rule { table: "jobs", since: "done_at", kept: TimeDelta::days(30), batch: 10_000 },
    Rule { table: "refusals", since: "hour", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "limits", since: "expires_at", kept: TimeDelta::zero(), batch: 10_000 },
    // With whole answers.
    Rule { table: "idempotency_keys", since: "expires_at", kept: TimeDelta::zero(), batch: 1_000 },
];

/// Removes what has expired by that rule, and tells how many rows.
///
/// # Errors
/// Those of the database; what was removed until then is.
pub async fn remove(read: &mut Read, rule: &Rule) -> Result<u64> {
    let Rule { table, since, kept, batch } = rule;
    let before = read.now() - *kept;
    let mut removed = 0;
    loop {
        // Made at run time of the constants above alone: they differ in nothing else. What was renewed while the
        // statement waited for it is asked again.
        let mut query = QueryBuilder::new(format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {since} <= "
        ));
        query.push_bind(before).push(format!(" LIMIT {batch})) AND {since} <= ")).push_bind(before);
        let gone = query.build().execute(read.connection()).await?.rows_affected();
        removed += gone;
        if gone < *batch {
            return Ok(removed);
        }
    }
}
