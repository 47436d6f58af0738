//! The schema: its migrations, the application's role, and how a deployment applies them.

use std::time::Duration;

use serde::Serialize;
use sqlx::migrate::{Migrate, Migrator};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::config::Settings;
use crate::error::{Error, Result};

/// The migrations up to the schema that this code expects. sqlx's own lock is off: it waits inside a statement, see
/// `lock_deployments`.
pub static MIGRATIONS: Migrator = {
    let mut migrations = sqlx::migrate!("../migrations");
    migrations.locking = false;
    migrations
};

/// The role that the functions run as. Migrations run as the owner of the database.
pub const APPLICATION_ROLE: &str = "lyceum_app";

/// The advisory lock of deployments: a number that no other program uses.
const DEPLOYMENT_LOCK: i64 = 0x6c79_6365_756d;
/// How often a waiting deployment tries the lock.
const LOCK_POLL: Duration = Duration::from_millis(200);

/// Creates the application's role and sets its limits. Roles belong to the cluster, so no migration can create them.
/// Repeating it changes nothing.
///
/// The limits bound how long a statement, a lock and an idle transaction last. `random_page_cost` is that of
/// solid-state disks; otherwise the planner reads whole indexes where a few pages would do. Without a `password`, the
/// role keeps the one it has, or can't sign in. `owner` must be allowed to create roles.
///
/// # Errors
/// Those of the database.
pub async fn provision(owner: &mut PgConnection, password: Option<&str>) -> Result<()> {
    let role = APPLICATION_ROLE;
    let password = password.map_or_else(String::new, |password| format!("PASSWORD '{}'", password.replace('\'', "''")));
    let statements = format!(
        "DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         ALTER ROLE {role} LOGIN {password};
         ALTER ROLE {role} SET statement_timeout = '5s';
         ALTER ROLE {role} SET lock_timeout = '2s';
         ALTER ROLE {role} SET idle_in_transaction_session_timeout = '10s';
         ALTER ROLE {role} SET random_page_cost = 1.1;"
    );
    owner.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
    Ok(())
}

/// Takes the deployment lock for the rest of the session. It polls, because a waiting statement would hold a snapshot:
/// `CREATE INDEX CONCURRENTLY` of the other deployment waits for all snapshots, and both would wait forever.
async fn lock_deployments(owner: &mut PgConnection) -> Result<()> {
    loop {
        let locked = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "locked!""#, DEPLOYMENT_LOCK);
        if locked.fetch_one(&mut *owner).await? {
            return Ok(());
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

/// Applies the missing migrations. Of two concurrent runs, one waits for the other.
///
/// # Errors
/// Fails when a migration fails, which leaves the schema as it was before that migration, or when the database has
/// migrations that this code doesn't know.
pub async fn migrate(owner: &mut PgConnection) -> Result<()> {
    lock_deployments(owner).await?;
    drop_unfinished_indexes(owner).await?;
    index_partitions(owner).await?; // those that an interrupted deployment left
    let before = applied(owner).await?;
    for migration in MIGRATIONS.iter().filter(|one| one.migration_type.is_up_migration()) {
        if !before.contains(&migration.version) {
            // Set by the migration before. An index that is built concurrently waits for all transactions of the table.
            owner.execute("RESET lock_timeout").await?;
            // `run` needs `Acquire` for any lifetime, which a future that is `Send` can't give.
            MIGRATIONS.run_direct(Some(migration.version), &mut *owner, false).await.map_err(Error::internal)?;
            index_partitions(owner).await?;
        }
    }
    // Fails when the database has migrations that this code doesn't know.
    MIGRATIONS.run_direct(None, &mut *owner, false).await.map_err(Error::internal)
}

/// Builds the indexes that a migration created with `ON ONLY` for a partitioned table: concurrently in each partition, and
/// attaches them. A migration can't do this without blocking writes, because the names of the partitions differ from
/// system to system. Drops and builds again what an interrupted run left.
///
/// # Errors
/// Fails when the database does; the next run continues from there.
pub async fn index_partitions(owner: &mut PgConnection) -> Result<()> {
    let missing = sqlx::query!(
        r#"SELECT i.indexrelid::regclass::text AS "index!", p.inhrelid::regclass::text AS "partition!",
             p.inhrelid::regclass || substr(i.indexrelid::regclass::text, length(i.indrelid::regclass::text) + 1) AS "name!",
             substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*') AS "definition!"
           FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'I'
           JOIN pg_inherits p ON p.inhparent = i.indrelid
           WHERE NOT i.indisvalid AND NOT EXISTS (
             SELECT FROM pg_inherits a JOIN pg_index mine ON mine.indexrelid = a.inhrelid
             WHERE a.inhparent = i.indexrelid AND mine.indrelid = p.inhrelid)
           ORDER BY 1, 2"#
    );
    for index in missing.fetch_all(&mut *owner).await? {
        for statement in [
            format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name),
            format!("CREATE INDEX CONCURRENTLY {} ON {}{}", index.name, index.partition, index.definition),
            // Waits for readers of the partition, and others would wait behind it.
            format!(
                "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER INDEX {} ATTACH PARTITION {}; COMMIT",
                index.index, index.name
            ),
        ] {
            owner.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
        }
    }
    Ok(())
}

/// Drops the indexes whose concurrent building failed or was interrupted, so that their migrations can run again.
async fn drop_unfinished_indexes(owner: &mut PgConnection) -> Result<()> {
    let unfinished = sqlx::query_scalar!(
        r#"SELECT c.oid::regclass::text AS "name!" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
           WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace"#
    );
    for name in unfinished.fetch_all(&mut *owner).await? {
        owner.execute(AssertSqlSafe(format!("DROP INDEX CONCURRENTLY {name}"))).await?;
    }
    Ok(())
}

/// The result of a deployment.
#[derive(Debug, Serialize)]
pub struct Deployed {
    /// The version of the newest migration in the database.
    pub schema: i64,
    /// Version and description of each migration that this deployment applied.
    pub applied: Vec<String>,
}

/// Prepares the database for this code: creates the application's role and applies the migrations, under the
/// deployment lock. The server closes connections of the application that are idle for longer than `idle`, so that a
/// database that can pause does.
///
/// A database with migrations newer than this code's stays as it is. That happens when a deployment is rolled back
/// after its migrations: the previous code still works with the new schema.
///
/// # Errors
/// Fails when the database can't be reached or changed. Migrations that were applied before the failure are complete.
pub async fn deploy(settings: &Settings, idle: Option<Duration>) -> Result<Deployed> {
    let mut owner = super::owner(settings).await?;
    lock_deployments(&mut owner).await?; // a session lock: this connection must not go through a pooler
    provision(&mut owner, None).await?;
    configure_for_production(&mut owner, idle).await?;

    let before = applied(&mut owner).await?;
    let newest_known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    if before.last().is_none_or(|newest| *newest <= newest_known) {
        migrate(&mut owner).await?;
    }
    let after = applied(&mut owner).await?;
    owner.close().await?; // releases the lock
    let new = MIGRATIONS.iter().filter(|one| one.migration_type.is_up_migration());
    let new = new.filter(|one| after.contains(&one.version) && !before.contains(&one.version));
    let applied = new.map(|one| format!("{} {}", one.version, one.description)).collect();
    Ok(Deployed { schema: after.last().copied().unwrap_or(0), applied })
}

/// Configures what only production needs: IAM authentication if RDS offers it, a timeout for idle connections, and
/// `pg_stat_statements`.
async fn configure_for_production(owner: &mut PgConnection, idle: Option<Duration>) -> Result<()> {
    let role = APPLICATION_ROLE;
    let idle = idle.map_or(0, |idle| idle.as_millis());
    let statements = format!(
        "ALTER ROLE {role} SET idle_session_timeout = {idle};
         DO $$ BEGIN
           IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN GRANT rds_iam TO {role}; END IF;
         END $$;
         DO $$ BEGIN
           IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements') THEN
             CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
           END IF;
         EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING '%', SQLERRM;
         END $$;"
    );
    owner.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
    Ok(())
}

/// Returns the versions of the applied migrations, in order.
async fn applied(owner: &mut PgConnection) -> Result<Vec<i64>> {
    owner.ensure_migrations_table(&MIGRATIONS.table_name).await.map_err(Error::internal)?;
    let applied = owner.list_applied_migrations(&MIGRATIONS.table_name).await.map_err(Error::internal)?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}
