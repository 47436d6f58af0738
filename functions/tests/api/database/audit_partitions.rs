//! A month's partition of the audit log is made while everybody works.

use sqlx::{Connection, PgConnection, PgPool};

use crate::harness::{DATABASES, Database};

const MAKE: &str = "SELECT create_audit_partition('2031-01-20')";
const WRITE: &str = "INSERT INTO audit_logs (action, resource_type, created_at)
                     VALUES ('x', 'x', '2026-11-29T12:00:00Z') RETURNING tableoid::regclass::text";

async fn prepared() -> (Database, PgPool) {
    let database = DATABASES.create().await;
    let application = PgPool::connect(&database.application_url).await.unwrap();
    (database, application)
}

#[tokio::test]
async fn making_a_partition_locks_no_writer_out() {
    let (_database, application) = prepared().await;
    let mut maker = application.begin().await.unwrap();
    sqlx::query(MAKE).execute(&mut *maker).await.unwrap();
    let stored: String = sqlx::query_scalar(WRITE).fetch_one(&application).await.unwrap(); // beside the open transaction
    assert_eq!(stored, "audit_logs_202611");
}

#[tokio::test]
async fn writers_go_on_while_a_partition_waits_for_a_reader_of_the_whole_log() {
    let (_database, application) = prepared().await;
    let mut reader = application.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM audit_logs").execute(&mut *reader).await.unwrap();
    let maker = application.clone();
    let making = tokio::spawn(async move { sqlx::query(MAKE).execute(&maker).await });
    while !making.is_finished() {
        sqlx::query_scalar::<_, String>(WRITE).fetch_one(&application).await.unwrap();
    }
    let refused = making.await.unwrap().expect_err("the reader is still there");
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "55P03", "it gives up after half a second");
    drop(reader);
    sqlx::query(MAKE).execute(&application).await.unwrap();
}

#[tokio::test]
async fn rows_that_came_before_their_month_had_a_partition_move_to_it() {
    let (database, application) = prepared().await;
    for time in ["2030-12-31T23:59:59Z", "2031-01-01T00:00:00Z", "2031-01-31T23:59:59Z", "2031-02-01T00:00:00Z"] {
        sqlx::query("INSERT INTO audit_logs (action, resource_type, created_at) VALUES ('x', 'x', $1::timestamptz)")
            .bind(time.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
            .execute(&application)
            .await
            .unwrap();
    }
    sqlx::query(MAKE).execute(&application).await.unwrap();
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    let counts: Vec<(String, i64)> =
        sqlx::query_as("SELECT tableoid::regclass::text, count(*) FROM audit_logs GROUP BY 1 ORDER BY 1")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    assert_eq!(counts, [("audit_logs_203101".to_owned(), 2), ("audit_logs_default".to_owned(), 2)]);
}

#[tokio::test]
async fn rows_of_months_that_maintenance_missed_get_partitions_and_leave_with_them() {
    let (database, application) = prepared().await;
    for time in ["2020-03-01T00:00:00Z", "2020-03-31T23:59:59Z", "2033-07-15T12:00:00Z"] {
        sqlx::query("INSERT INTO audit_logs (action, resource_type, created_at) VALUES ('x', 'x', $1::timestamptz)")
            .bind(time.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
            .execute(&application)
            .await
            .unwrap();
    }
    let made: Vec<String> =
        sqlx::query_scalar("SELECT empty_default_audit_partition()").fetch_all(&application).await.unwrap();
    assert_eq!(made, ["audit_logs_202003", "audit_logs_203307"]);
    let dropped: Option<String> =
        sqlx::query_scalar("SELECT drop_audit_partition('2026-11-29')").fetch_one(&application).await.unwrap();
    assert_eq!(dropped.as_deref(), Some("audit_logs_202003"));
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    let left: Vec<(String, i64)> =
        sqlx::query_as("SELECT tableoid::regclass::text, count(*) FROM audit_logs GROUP BY 1")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    assert_eq!(left, [("audit_logs_203307".to_owned(), 1)]);
}
