//! How long rows are kept after their last use: one table of rules, which the `maintain` function applies.

use chrono::TimeDelta;
use sqlx::QueryBuilder;

use crate::error::Result;
use crate::transaction::Read;

/// Deletes the rows of a table some time after they became useless.
pub struct Rule {
    pub table: &'static str,
    /// The SQL expression of the time at which a row became useless; null keeps the row.
    since: &'static str,
    kept: TimeDelta,
    /// How many rows one statement deletes, so that no statement takes long.
    batch: u64,
}

pub const RULES: [Rule; 10] = [
    // Deletes their refresh tokens too, of which a session may have thousands. The export shows ended sessions.
    Rule { table: "sessions", since: "coalesce(ended_at, expires_at)", kept: TimeDelta::days(90), batch: 100 },
    Rule { table: "password_reset_tokens", since: "expires_at", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "email_verification_tokens", since: "expires_at", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "email_changes", since: "expires_at", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "known_addresses", since: "seen_at", kept: TimeDelta::days(90), batch: 10_000 },
    // Rows contain the recipient of a mail.
    Rule { table: "outbox", since: "delivered_at", kept: TimeDelta::days(30), batch: 10_000 },
    Rule { table: "jobs", since: "done_at", kept: TimeDelta::days(30), batch: 10_000 },
    Rule { table: "refusals", since: "hour", kept: TimeDelta::days(1), batch: 10_000 },
    Rule { table: "limits", since: "expires_at", kept: TimeDelta::zero(), batch: 10_000 },
    // Rows contain whole responses.
    Rule { table: "idempotency_keys", since: "expires_at", kept: TimeDelta::zero(), batch: 1_000 },
];

/// Deletes the rows that have expired by the rule. Returns their number.
///
/// # Errors
/// 503 when the database is unavailable. Rows that were deleted before the error stay deleted.
pub async fn remove(read: &mut Read, rule: &Rule) -> Result<u64> {
    let Rule { table, since, kept, batch } = rule;
    let before = read.now() - *kept;
    let mut removed = 0;
    loop {
        // Built at run time, but only from the constants above. The condition is repeated, because a row may be renewed
        // while the statement waits for its lock.
        let mut query = QueryBuilder::new(format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {since} <= "
        ));
        query.push_bind(before).push(format!(" LIMIT {batch})) AND {since} <= ")).push_bind(before);
        let deleted = query.build().execute(read.connection()).await?.rows_affected();
        removed += deleted;
        if deleted < *batch {
            return Ok(removed);
        }
    }
}
