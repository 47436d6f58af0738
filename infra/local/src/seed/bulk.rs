//! Drops the indexes and foreign keys of large tables before a bulk insert, and recreates them from their own
//! definitions afterwards. Sorting ten million keys once is much cheaper than inserting each into an index, and so is
//! checking all foreign keys by one join.

use std::time::Instant;

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

/// The dropped objects: the name of each, and the statement that recreates it.
pub struct Bulk(Vec<(String, String)>);

/// Lists what to drop, in order: foreign keys, other constraints (except those that a remaining foreign key depends
/// on), then the indexes without a constraint. They are recreated in reverse order.
const TO_DROP: &str = "
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
    pub async fn drop_all(owner: &mut PgConnection, tables: &[&str]) -> Result<Self> {
        let found: Vec<(String, String, String, i32)> =
            sqlx::query_as(TO_DROP).bind(tables).fetch_all(&mut *owner).await?;
        let mut dropped = Vec::new();
        for (name, drop, create, _) in found {
            owner.execute(AssertSqlSafe(drop)).await.with_context(|| format!("cannot drop {name}"))?;
            dropped.push((name, create));
        }
        dropped.reverse();
        Ok(Self(dropped))
    }

    pub async fn restore(self, owner: &mut PgConnection, say: impl Fn(&str, Instant)) -> Result<()> {
        for (name, create) in self.0 {
            let began = Instant::now();
            owner.execute(AssertSqlSafe(create)).await.with_context(|| format!("cannot create {name}"))?;
            say(&name, began);
        }
        Ok(())
    }
}
