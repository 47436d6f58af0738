//! The migrated database against the owner's schema: every table, column, constraint and index that it names.

mod live_migrations;
mod live_system;

use lyceum::db;
use sqlx::PgPool;

use crate::harness::{DATABASES, Database, needs_postgres_program, schema_of};

/// Lists one column a line: table, name and type of the owner's schema. All times are `timestamptz`.
const COLUMNS: &str = include_str!("schema/columns.txt");
/// Table and leading column of each index, or each unique constraint.
const INDEXES: &str = include_str!("schema/indexes.txt");

async fn migrated() -> Database {
    DATABASES.create().await
}

async fn strings(database: &PgPool, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(database).await.unwrap()
}

#[tokio::test]
async fn every_column_of_the_seed_is_there() {
    let database = migrated().await;
    let found = strings(
        &database.owner,
        "SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod))
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
    )
    .await;
    for line in COLUMNS.lines() {
        assert!(found.iter().any(|column| column == line), "{line} is missing");
    }
}

#[tokio::test]
async fn every_index_of_the_seed_is_there() {
    let database = migrated().await;
    let found = strings(
        &database.owner,
        "SELECT concat_ws(' ', t.relname, a.attname)
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
         WHERE t.relnamespace = 'public'::regnamespace AND i.indisvalid",
    )
    .await;
    for line in INDEXES.lines() {
        assert!(found.iter().any(|index| index == line), "an index that begins with {line} is missing");
    }
}

#[tokio::test]
async fn every_constraint_of_the_seed_holds() {
    let database = migrated().await;
    let found = strings(
        &database.owner,
        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace
         UNION ALL SELECT indrelid::regclass || ' ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indisunique",
    )
    .await;
    for (table, parts) in [
        ("users", &["UNIQUE (email)"][..]),
        ("users", &["UNIQUE (username)"]),
        ("users", &["normalized_username"]),
        ("users", &["FOREIGN KEY (role_id) REFERENCES roles(id) ON DELETE RESTRICT"]),
        ("roles", &["UNIQUE (name)"]),
        ("password_reset_tokens", &["FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE"]),
        ("audit_logs", &["PRIMARY KEY (id, created_at)"]),
        ("audit_logs", &["FOREIGN KEY (user_id) REFERENCES users(id)"]),
        ("categories", &["UNIQUE (name)"]),
        ("categories", &["UNIQUE (slug)"]),
        ("courses", &["UNIQUE INDEX", "(slug)", "deleted_at IS NULL"]),
        ("courses", &["FOREIGN KEY (instructor_id) REFERENCES users(id)"]),
        ("courses", &["FOREIGN KEY (category_id) REFERENCES categories(id)"]),
        ("courses", &["FOREIGN KEY (created_by) REFERENCES users(id)"]),
        ("courses", &["FOREIGN KEY (updated_by) REFERENCES users(id)"]),
        ("courses", &["CHECK", "'draft'", "'published'", "'archived'"]),
        ("courses", &["CHECK", "'public'", "'private'", "'restricted'"]),
        ("courses", &["CHECK", "'beginner'", "'intermediate'", "'advanced'"]),
        ("sections", &["FOREIGN KEY (course_id) REFERENCES courses(id) ON DELETE CASCADE"]),
        ("lessons", &["FOREIGN KEY (section_id) REFERENCES sections(id) ON DELETE CASCADE"]),
        ("lessons", &["CHECK", "'video'", "'document'", "'quiz'", "'assignment'", "'text'"]),
        ("lessons", &["CHECK", "'youtube'", "'vimeo'", "'self_hosted'"]),
        ("enrollments", &["UNIQUE (user_id, course_id)"]),
        ("enrollments", &["FOREIGN KEY (user_id) REFERENCES users(id)"]),
        ("enrollments", &["FOREIGN KEY (course_id) REFERENCES courses(id)"]),
        ("enrollments", &["CHECK", "'active'", "'completed'", "'dropped'"]),
        ("lesson_completions", &["UNIQUE (user_id, lesson_id, enrollment_id)"]),
        ("lesson_completions", &["FOREIGN KEY (user_id) REFERENCES users(id)"]),
        ("lesson_completions", &["FOREIGN KEY (lesson_id) REFERENCES lessons(id) ON DELETE RESTRICT"]),
        ("lesson_completions", &["FOREIGN KEY (enrollment_id) REFERENCES enrollments(id)"]),
        ("course_prerequisites", &["FOREIGN KEY (course_id) REFERENCES courses(id)"]),
        ("course_prerequisites", &["FOREIGN KEY (prerequisite_course_id) REFERENCES courses(id)"]),
        ("course_tags", &["FOREIGN KEY (course_id) REFERENCES courses(id)"]),
    ] {
        let holds = found.iter().any(|constraint| {
            constraint
                .strip_prefix(table)
                .is_some_and(|rest| rest.starts_with(' ') && parts.iter().all(|part| rest.contains(part)))
        });
        assert!(holds, "{table} {parts:?} is missing");
    }
}

#[tokio::test]
async fn every_default_of_the_seed_is_there() {
    let database = migrated().await;
    let found = strings(
        &database.owner,
        "SELECT table_name || ' ' || column_name || ' ' || column_default FROM information_schema.columns
         WHERE table_schema = 'public' AND column_default IS NOT NULL",
    )
    .await;
    for line in [
        "users id gen_random_uuid()",
        "users is_email_verified false",
        "users is_active true",
        "users created_at now()",
        "categories display_order 0",
        "courses status 'draft'",
        "courses visibility 'public'",
        "courses is_featured false",
        "courses difficulty_level 'beginner'",
        "courses language 'en'",
        "courses price 0.00",
        "courses prerequisites '[]'",
        "courses required_score 0",
        "courses allow_retake true",
        "courses tags '[]'",
        "sections display_order 0",
        "lessons lesson_type 'text'",
        "lessons document_paths '[]'",
        "lessons external_links '[]'",
        "lessons display_order 0",
        "lessons is_published false",
        "lessons requires_completion true",
        "enrollments enrolled_at now()",
        "enrollments completion_percentage 0.00",
        "enrollments status 'active'",
        "lesson_completions completed_at now()",
        "lesson_completions time_spent_minutes 0",
        "course_prerequisites min_completion_percentage 100",
    ] {
        assert!(found.iter().any(|default| default.starts_with(line)), "{line} is missing");
    }
}

#[tokio::test]
async fn up_down_and_up_again_leaves_the_same_schema() {
    needs_postgres_program!("pg_dump");
    let database = DATABASES.create_bare().await;
    let mut owner = database.owner.acquire().await.unwrap();
    db::MIGRATIONS.run(&mut *owner).await.unwrap();
    let first = schema_of(&database.owner_url).await;
    db::MIGRATIONS.undo(&mut *owner, 0).await.unwrap();
    let tables: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'",
    )
    .fetch_one(&mut *owner)
    .await
    .unwrap();
    assert_eq!(tables, 0, "down leaves nothing");
    db::MIGRATIONS.run(&mut *owner).await.unwrap();
    assert_eq!(first, schema_of(&database.owner_url).await);
}

#[tokio::test]
async fn the_three_roles_come_with_the_migrations() {
    let database = migrated().await;
    let roles = strings(&database.owner, "SELECT name || ' ' || permissions::text FROM roles ORDER BY name").await;
    assert_eq!(roles, ["admin [\"*\"]", "instructor [\"courses:create\"]", "student []"]);
}

#[tokio::test]
async fn the_application_can_neither_change_the_log_nor_the_schema() {
    let database = migrated().await;
    let application = PgPool::connect(&database.application_url).await.unwrap();
    for forbidden in [
        "UPDATE audit_logs SET action = 'x'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "UPDATE audit_logs_default SET action = 'x'",
        "DELETE FROM audit_logs_202611",
        "DROP TABLE audit_logs_202611",
        "ALTER TABLE users ADD COLUMN x int",
        "CREATE TABLE mine (id int)",
    ] {
        let error = sqlx::query(forbidden).execute(&application).await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {error}");
    }
    let limits: String = sqlx::query_scalar("SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout') || ' ' || current_setting('idle_in_transaction_session_timeout')")
        .fetch_one(&application)
        .await
        .unwrap();
    assert_eq!(limits, "5s 2s 10s");
}

#[tokio::test]
async fn the_log_has_a_partition_a_month_and_one_for_the_rest() {
    let database = migrated().await;
    let application = PgPool::connect(&database.application_url).await.unwrap();
    for _ in 0..2 {
        let made: String =
            sqlx::query_scalar("SELECT create_audit_partition('2029-02-14')").fetch_one(&application).await.unwrap();
        assert_eq!(made, "audit_logs_202902");
    }
    for (time, partition) in [
        ("2026-11-30T23:59:59Z", "audit_logs_202611"),
        ("2029-02-01T00:00:00Z", "audit_logs_202902"),
        ("2035-01-01T00:00:00Z", "audit_logs_default"),
    ] {
        let stored: String = sqlx::query_scalar(
            "INSERT INTO audit_logs (action, resource_type, created_at) VALUES ('x', 'x', $1::timestamptz) RETURNING tableoid::regclass::text",
        )
        .bind(time.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
        .fetch_one(&application)
        .await
        .unwrap();
        assert_eq!(stored, partition);
    }
}

#[tokio::test]
async fn ids_that_the_database_makes_are_of_version_7_and_in_the_order_of_time() {
    let database = migrated().await;
    let defaults = strings(
        &database.owner,
        "SELECT table_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'id' AND column_default = 'uuid_v7()' ORDER BY 1",
    );
    assert_eq!(defaults.await, ["course_prerequisites", "course_tags", "jobs", "password_reset_tokens"]);
    let mut ids: Vec<uuid::Uuid> = Vec::new();
    for _ in 0..3 {
        ids.push(sqlx::query_scalar("SELECT uuid_v7() FROM pg_sleep(0.002)").fetch_one(&database.owner).await.unwrap());
    }
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122), "{ids:?}");
}
