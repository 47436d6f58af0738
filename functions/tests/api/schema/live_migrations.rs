//! Migrations run while people work: each one after `LAST_EXEMPT` is run on tables with rows, up and down, and judged by
//! its locks and by what it read, changed and rewrote. CONTRIBUTING.md has the rules, and a recipe for each kind of
//! change.

use lyceum::db::MIGRATIONS;

use super::live_system::{LAST_EXEMPT, LiveSystem};

#[tokio::test]
async fn every_table_of_the_live_system_has_rows() {
    assert_eq!(LiveSystem::new().await.empty_tables().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_new_migration_is_safe_on_a_live_system() {
    let mut system = LiveSystem::new().await;
    let new = || MIGRATIONS.iter().filter(|migration| migration.version > LAST_EXEMPT);
    let mut faults = Vec::new();
    for migration in new().filter(|migration| migration.migration_type.is_up_migration()) {
        let found = system.migrate(migration).await;
        faults.extend(found.into_iter().map(|fault| format!("{} {fault}", migration.version)));
    }
    faults.extend(system.invalid_indexes().await.into_iter().map(|index| format!("{index} is invalid")));
    faults.extend(system.constraints_to_validate().await.into_iter().map(|name| format!("{name} is never validated")));
    for migration in new().filter(|migration| migration.migration_type.is_down_migration()).rev() {
        let found = system.migrate(migration).await;
        faults.extend(found.into_iter().map(|fault| format!("{}, down: {fault}", migration.version)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Runs the statements with a `lock_timeout`, in a transaction, and returns the rules that they break.
async fn faults(statements: &str) -> Vec<String> {
    LiveSystem::new().await.apply(&format!("SET lock_timeout = '2s'; {statements}"), true).await
}

async fn faults_without_transaction(statement: &str) -> Vec<String> {
    LiveSystem::new().await.apply(&format!("-- no-transaction\n{statement}"), false).await
}

const CHECK: &str = "ALTER TABLE users ADD CONSTRAINT users_bio_check CHECK (bio <> 'x')";

#[tokio::test]
async fn a_migration_that_may_wait_for_a_lock_for_ever_is_refused() {
    let found = LiveSystem::new().await.apply("ALTER TABLE users ADD COLUMN nickname TEXT", true).await;
    assert_eq!(found, ["sets no lock_timeout"]);
}

#[tokio::test]
async fn a_rewritten_table_is_refused() {
    let found = faults("ALTER TABLE enrollments ALTER COLUMN completion_percentage TYPE DECIMAL(7, 3)").await;
    assert!(found.contains(&"rewrites enrollments".to_owned()), "{found:?}");
    let found = faults("ALTER TABLE roles ADD COLUMN token UUID DEFAULT gen_random_uuid()").await; // however small it is
    assert!(found.contains(&"rewrites roles".to_owned()), "{found:?}");
    let found = faults("TRUNCATE limits").await;
    assert!(found.contains(&"rewrites limits".to_owned()), "{found:?}");
}

#[tokio::test]
async fn an_index_that_writers_wait_for_is_refused() {
    let found = faults("CREATE INDEX users_bio_idx ON users (bio)").await;
    assert!(found.contains(&"builds users_bio_idx on users while its writers wait".to_owned()), "{found:?}");
    assert_eq!(faults("CREATE INDEX roles_created_at_idx ON roles (created_at)").await.len(), 1);
    let unique = faults("ALTER TABLE enrollments ADD CONSTRAINT enrollments_key UNIQUE (id, user_id)").await;
    assert!(unique.contains(&"builds enrollments_key on enrollments while its writers wait".to_owned()), "{unique:?}");
    let found = faults_without_transaction("CREATE INDEX users_bio_idx ON users (bio);").await;
    assert!(found[0].starts_with("is not one of"), "{found:?}");
}

#[tokio::test]
async fn an_index_of_a_partitioned_table_is_refused_unless_it_is_built_partition_by_partition() {
    let found = faults("CREATE INDEX audit_logs_address_idx ON audit_logs (ip_address)").await;
    for partition in ["audit_logs_202611", "audit_logs_default"] {
        let built = format!("builds {partition}_ip_address_idx on {partition} while its writers wait");
        assert!(found.contains(&built), "{found:?}");
    }
    let mut system = LiveSystem::new().await;
    let alone = "SET lock_timeout = '2s'; CREATE INDEX audit_logs_address_idx ON ONLY audit_logs (ip_address)";
    assert_eq!(system.apply(alone, true).await, Vec::<String>::new());
    assert_eq!(system.invalid_indexes().await, ["audit_logs_address_idx"], "it is attached to no partition's index");
}

#[tokio::test]
async fn a_constraint_that_reads_the_table_while_writers_wait_is_refused() {
    for (statements, table) in [
        (CHECK.to_owned(), "users"),
        (format!("{CHECK} NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT users_bio_check"), "users"),
        ("ALTER TABLE users ADD CONSTRAINT again FOREIGN KEY (role_id) REFERENCES roles".to_owned(), "users"),
        ("ALTER TABLE uploads ALTER COLUMN course_id SET NOT NULL".to_owned(), "uploads"),
    ] {
        let found = faults(&statements).await;
        let reads = format!("reads 1200 rows of {table} while writers of {{");
        assert!(found.iter().any(|fault| fault.starts_with(&reads)), "{statements}: {found:?}");
    }
}

#[tokio::test]
async fn a_table_that_is_filled_while_writers_of_another_wait_is_refused() {
    let found = faults(
        "CREATE TABLE counts (course_id UUID PRIMARY KEY REFERENCES courses (id), n BIGINT);
         INSERT INTO counts SELECT course_id, count(*) FROM enrollments GROUP BY course_id",
    );
    assert_eq!(found.await, [r#"reads 1200 rows of enrollments while writers of {"courses"} wait"#]);
}

#[tokio::test]
async fn an_update_of_a_whole_table_in_one_transaction_is_refused() {
    let update = "UPDATE sessions SET user_agent = 'unknown'";
    assert_eq!(faults(update).await, ["changes 1200 rows of sessions in one transaction"]);
    let found = faults_without_transaction(&format!("DO $$ BEGIN {update}; COMMIT; END $$;")).await;
    assert_eq!(found, ["changes 1200 rows of sessions in one transaction"]);
}

#[tokio::test]
async fn two_statements_in_a_file_without_a_transaction_are_refused() {
    let found = faults_without_transaction(
        "CREATE INDEX CONCURRENTLY users_bio_idx ON users (bio);
         CREATE INDEX CONCURRENTLY users_last_login_idx ON users (last_login);",
    );
    assert!(found.await[0].starts_with("is not one of"));
}

#[tokio::test]
async fn a_column_that_the_running_version_does_not_set_is_refused() {
    let found = faults("DELETE FROM signing_keys; ALTER TABLE signing_keys ADD COLUMN algorithm TEXT NOT NULL").await;
    assert!(
        found.contains(&"requires signing_keys.algorithm, which the version before does not set".to_owned()),
        "{found:?}"
    );
}

#[tokio::test]
async fn the_recipes_of_contributing_are_accepted() {
    let mut system = LiveSystem::new().await;
    for (statements, in_transaction) in [
        // A column.
        ("ALTER TABLE users ADD COLUMN nickname TEXT, ADD COLUMN points INTEGER NOT NULL DEFAULT 0", true),
        // An index.
        ("CREATE INDEX CONCURRENTLY users_nickname_idx ON users (nickname)", false),
        ("DROP INDEX CONCURRENTLY users_nickname_idx", false),
        // A unique constraint.
        ("CREATE UNIQUE INDEX CONCURRENTLY enrollments_id_user_id_key ON enrollments (id, user_id)", false),
        (
            "ALTER TABLE enrollments ADD CONSTRAINT enrollments_id_user_id_key UNIQUE USING INDEX enrollments_id_user_id_key",
            true,
        ),
        // A check, and a foreign key.
        ("ALTER TABLE users ADD CONSTRAINT users_points_check CHECK (points >= 0) NOT VALID", true),
        ("ALTER TABLE users VALIDATE CONSTRAINT users_points_check", true),
        // Filling a column, in batches.
        (
            "DO $$ DECLARE last UUID := '00000000-0000-0000-0000-000000000000'; BEGIN
               WHILE last IS NOT NULL LOOP
                 WITH batch AS (SELECT id FROM users WHERE id > last ORDER BY id LIMIT 500),
                   filled AS (UPDATE users u SET nickname = first_name FROM batch WHERE u.id = batch.id)
                 SELECT max(id::text)::uuid INTO last FROM batch;
                 COMMIT;
               END LOOP;
             END $$;",
            false,
        ),
        // NOT NULL: Postgres reads no rows where a valid constraint says so.
        ("ALTER TABLE users ADD CONSTRAINT users_nickname_check CHECK (nickname IS NOT NULL) NOT VALID", true),
        ("ALTER TABLE users VALIDATE CONSTRAINT users_nickname_check", true),
        ("ALTER TABLE users ALTER COLUMN nickname SET NOT NULL", true),
        // An index of a partitioned table.
        ("CREATE INDEX audit_logs_address_idx ON ONLY audit_logs (ip_address)", true),
    ] {
        let statements =
            if in_transaction { format!("SET lock_timeout = '2s'; {statements}") } else { statements.to_owned() };
        assert_eq!(system.apply(&statements, in_transaction).await, Vec::<String>::new(), "{statements}");
    }
}
