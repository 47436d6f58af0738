//! The limits of the application's database role.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::harness::{DATABASES, Lyceum, cluster};

#[tokio::test]
async fn the_applications_role_cannot_change_the_audit_log_or_the_schema() {
    let lyceum = Lyceum::new().await;
    lyceum.student().await;
    assert!(lyceum.count("SELECT count(*) FROM audit_logs").await > 0);
    let url = cluster().await.url(lyceum::db::APPLICATION_ROLE, &lyceum.database_name);
    let mut application = PgConnection::connect(&url).await.unwrap();
    let partition: String = sqlx::query_scalar("SELECT tableoid::regclass::text FROM audit_logs LIMIT 1")
        .fetch_one(&mut application)
        .await
        .unwrap();
    for refused in [
        "UPDATE audit_logs SET user_id = NULL",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "DROP TABLE audit_logs",
        "ALTER TABLE audit_logs DETACH PARTITION audit_logs_default",
        "ALTER TABLE audit_logs DISABLE TRIGGER ALL",
        "INSERT INTO audit_logs (action, resource_type) VALUES ('a', 'b') ON CONFLICT (id, created_at) DO UPDATE SET action = 'c'",
        "UPDATE audit_logs_default SET action = 'forged'",
        &format!("UPDATE {partition} SET action = 'forged'"),
        &format!("DELETE FROM {partition}"),
        &format!("TRUNCATE {partition}"),
        "ALTER TABLE users ADD COLUMN more text",
        "DROP TABLE users",
        "CREATE TABLE more (id int)",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE ROLE more",
        "SET ROLE lyceum_owner",
        "ALTER TABLE audit_logs OWNER TO lyceum_app",
    ] {
        let refusal = application.execute(sqlx::raw_sql(AssertSqlSafe(refused.to_owned()))).await.expect_err(refused);
        let code = refusal.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        assert_eq!(code.as_deref(), Some("42501"), "{refused}: {refusal}");
    }
    application.execute("GRANT DELETE ON audit_logs TO lyceum_app").await.unwrap(); // Postgres only warns and grants nothing
    application.execute("DELETE FROM audit_logs").await.expect_err("the grant had no effect");
    assert!(lyceum.count("SELECT count(*) FROM audit_logs").await > 0);
}

#[tokio::test]
async fn new_partitions_of_the_audit_log_are_protected_too() {
    let database = DATABASES.create().await;
    let mut application = PgConnection::connect(&database.application_url).await.unwrap();
    let name: String =
        sqlx::query_scalar("SELECT create_audit_partition('2031-05-17')").fetch_one(&mut application).await.unwrap();
    assert_eq!(name, "audit_logs_203105");
    for refused in
        ["DELETE FROM audit_logs_203105", "INSERT INTO audit_logs_203105 (action, resource_type) VALUES ('a', 'b')"]
    {
        application.execute(refused).await.expect_err(refused);
    }
}

#[tokio::test]
async fn only_the_owner_can_migrate() {
    let database = DATABASES.create_bare().await;
    let mut application = PgConnection::connect(&database.application_url).await.unwrap();
    lyceum::db::migrate(&mut application).await.expect_err("the application's role can't migrate");
    application.close().await.unwrap(); // it holds the deployment lock
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    lyceum::db::migrate(&mut owner).await.unwrap();
}
