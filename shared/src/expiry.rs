//! What is kept for how long once it is of no use: one table of it.

use chrono::TimeDelta;
use sqlx::QueryBuilder;

use crate::error::Result;
use crate::transaction::Read;

/// Rows go from that time on.
struct Rule {
    table: &'static str,
    /// When a row became useless.
    since: &'static str,
    kept: TimeDelta,
}

const RULES: [Rule; 7] = [
    // With their refresh tokens. Until then their owner sees them in an export.
    Rule { table: "sessions", since: "coalesce(ended_at, expires_at)", kept: TimeDelta::days(90) },
    Rule { table: "password_reset_tokens", since: "expires_at", kept: TimeDelta::days(1) },
    Rule { table: "email_changes", since: "expires_at", kept: TimeDelta::days(1) },
    Rule { table: "known_addresses", since: "seen_at", kept: TimeDelta::days(90) },
    // A row tells to whom a mail went.
    Rule { table: "outbox", since: "delivered_at", kept: TimeDelta::days(30) },
    Rule { table: "limits", since: "expires_at", kept: TimeDelta::zero() },
    Rule { table: "idempotency_keys", since: "expires_at", kept: TimeDelta::zero() },
];

/// So many rows go with one statement, so that none takes long.
const BATCH: u64 = 10_000;

/// Removes what has expired, and tells how many rows of which table.
///
/// # Errors
/// Those of the database; what was removed until then is.
pub async fn remove(read: &mut Read) -> Result<Vec<(&'static str, u64)>> {
    let mut removed = Vec::new();
    for Rule { table, since, kept } in RULES {
        let before = read.now() - kept;
        let mut of_table = 0;
        loop {
            // Made at run time of the constants above alone: they differ in nothing else.
            let mut query = QueryBuilder::new(format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {since} <= "
            ));
            query.push_bind(before).push(format!(" LIMIT {BATCH}))"));
            let batch = query.build().execute(read.connection()).await?.rows_affected();
            of_table += batch;
            if batch < BATCH {
                break;
            }
        }
        removed.push((table, of_table));
    }
    Ok(removed)
}
