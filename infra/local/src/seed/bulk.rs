//! Indexes and foreign keys of tables that are about to get very many rows: taken away, and made anew from their own
//! definitions, whichever migration they come from. Sorting ten million keys once is far cheaper than finding a place
//! for each, and so is checking all foreign keys by one join.

use std::time::Instant;

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

/// What was taken away: for each its name, for people, and the statement that makes it.
pub struct Bulk(Vec<(String, String)>);

/// Constraints, foreign keys first to go and last to come, without what a foreign key that stays depends on; then the
/// indexes that are no constraint's.
const TAKEN: &str = "
    WITH large AS (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($1)),
    constraints AS (
      SELECT con.oid, con.conindid, con.contype = 'f' AS foreign_key, con.conrelid::regclass AS on_table, con.conname AS name
      FROM pg_constraint con
      WHERE con.conrelid IN (SELECT oid FROM large) AND con.contype IN ('f', 'p', 'u')
        AND NOT EXISTS (SELECT FROM pg_constraint other WHERE other.contype = 'f' AND other.conindid = con.conindid
          AND con.contype <> 'f' AND other.conrelid NOT IN (SELECT oid FROM large)))
    SELECT format('%s: %s', on_table, name), format('ALTER TABLE %s DROP CONSTRAINT %I', on_table, name),
      format('ALTER TABLE %s ADD CONSTRAINT %I %s', on_table, name, pg_get_constraintdef(oid)),
      CASE WHEN foreign_key THEN 0 ELSE 1 END
    FROM constraints
    UNION ALL
    SELECT format('%s: %s', i.indrelid::regclass, c.relname), format('DROP INDEX %I', c.relname), pg_get_indexdef(c.oid), 2
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT oid FROM large)
      AND NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = c.oid)
    ORDER BY 4, 1";

impl Bulk {
    pub async fn take_away(owner: &mut PgConnection, tables: &[&str]) -> Result<Self> {
        let found: Vec<(String, String, String, i32)> =
            sqlx::query_as(TAKEN).bind(tables).fetch_all(&mut *owner).await?;
        let mut taken = Vec::new();
        for (name, away, back, _) in found {
            owner.execute(AssertSqlSafe(away)).await.with_context(|| format!("{name} can't be taken away"))?;
            taken.push((name, back));
        }
        taken.reverse();
        Ok(Self(taken))
    }

    pub async fn give_back(self, owner: &mut PgConnection, say: impl Fn(&str, Instant)) -> Result<()> {
        for (name, back) in self.0 {
            let began = Instant::now();
            owner.execute(AssertSqlSafe(back)).await.with_context(|| format!("{name} can't be made"))?;
            say(&name, began);
        }
        Ok(())
    }
}
