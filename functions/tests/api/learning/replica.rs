//! The report against a real streaming replica.

use lyceum_local::postgres::Cluster;
use sqlx::{Connection, PgConnection};

use crate::harness::{Caller, CourseInProgress, Database, Lyceum, needs_postgres_program};

async fn total(instructor: &Caller, course: &CourseInProgress) -> i64 {
    instructor.get(&course.path("/report")).await.ok()["enrollments"]["total"].as_i64().unwrap()
}

/// Asks until the replica has everything that the writer has.
async fn caught_up(writer: &Lyceum, replica: &mut PgConnection) {
    let written: String =
        sqlx::query_scalar("SELECT pg_current_wal_insert_lsn()::text").fetch_one(&writer.database).await.unwrap();
    loop {
        let replayed: bool = sqlx::query_scalar("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn")
            .bind(&written)
            .fetch_one(&mut *replica)
            .await
            .unwrap();
        if replayed {
            return;
        }
    }
}

/// A writer with a database, and a replica that follows it.
struct Pair {
    writer: Cluster,
    replica: Cluster,
    database: Database,
    _folder: tempfile::TempDir,
}

impl Pair {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (of_writer, of_replica) = (folder.path().join("writer"), folder.path().join("replica"));
        let writer = tokio::task::spawn_blocking(move || Cluster::start(&of_writer, false)).await.unwrap().unwrap();
        let database = Database::alone_in(&writer).await;
        let (writer, replica) = tokio::task::spawn_blocking(move || {
            let replica = writer.replica(&of_replica).unwrap();
            (writer, replica)
        })
        .await
        .unwrap();
        Self { writer, replica, database, _folder: folder }
    }
}

/// And removes its data, which may lie elsewhere than in the test's folder.
async fn stop(cluster: Cluster) {
    let data = cluster.location().to_owned();
    tokio::task::spawn_blocking(move || cluster.stop()).await.unwrap().unwrap();
    std::fs::remove_dir_all(data).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_comes_from_the_replica_and_from_the_writer_when_it_is_away() {
    needs_postgres_program!("pg_basebackup");
    let Pair { writer, replica, database, _folder } = Pair::start().await;
    let reader_url =
        database.application_url.replace(&format!(":{}/", writer.port()), &format!(":{}/", replica.port()));
    let lyceum = Lyceum::over(database, |name| (name == "READER_DATABASE_URL").then(|| reader_url.clone())).await;
    let mut superuser = PgConnection::connect(&replica.url("postgres", "postgres")).await.unwrap();
    let in_recovery: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut superuser).await.unwrap();
    assert!(in_recovery, "it is a replica");

    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&lyceum.student().await).await;
    caught_up(&lyceum, &mut superuser).await;
    assert_eq!(total(&instructor, &course).await, 1);

    sqlx::query("SELECT pg_wal_replay_pause()").execute(&mut superuser).await.unwrap();
    course.enroll(&lyceum.student().await).await;
    assert_eq!(total(&instructor, &course).await, 1, "the replica is behind, and it is the replica that tells");
    let roster = instructor.get(&course.path("/enrollments")).await.ok();
    assert_eq!(roster["data"].as_array().unwrap().len(), 2, "the roster is the writer's");
    sqlx::query("SELECT pg_wal_replay_resume()").execute(&mut superuser).await.unwrap();
    caught_up(&lyceum, &mut superuser).await;
    assert_eq!(total(&instructor, &course).await, 2);

    superuser.close().await.unwrap();
    stop(replica).await;
    course.enroll(&lyceum.student().await).await;
    assert_eq!(total(&instructor, &course).await, 3, "with the replica away, the writer tells");
    drop(lyceum);
    stop(writer).await;
}

/// As Aurora does it when the writer's machine is lost: the address that functions know leads to the replica, which then
/// is made the writer. Nothing of ours is started again.
#[tokio::test(flavor = "multi_thread")]
async fn line_23_reads_survive_the_loss_of_the_writer_and_writes_come_back_with_the_promotion() {
    needs_postgres_program!("pg_basebackup");
    let Pair { writer, replica, database, _folder } = Pair::start().await;
    let before = Lyceum::over(database, |_| None).await;
    let (admin, instructor) = (before.admin().await, before.instructor().await);
    let (learner, next) = (before.student().await, before.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let mut superuser = PgConnection::connect(&replica.url("postgres", "postgres")).await.unwrap();
    caught_up(&before, &mut superuser).await;
    drop(before);
    stop(writer).await; // acknowledged writes are on the replica, which was waited for

    let lyceum = Lyceum::over(Database::in_template_of(&replica), |_| None).await;
    let (instructor, learner, next) = (instructor.calling(&lyceum), learner.calling(&lyceum), next.calling(&lyceum));
    lyceum.anonymous().get(&course.path("/outline")).await.ok();
    assert_eq!(learner.get("/v1/me/enrollments").await.ok()["data"].as_array().unwrap().len(), 1);
    assert_eq!(total(&instructor, &course).await, 1);
    let refused = next.post(&course.path("/enrollments"), serde_json::json!({})).await;
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(503, "unavailable");

    sqlx::query("SELECT pg_promote()").execute(&mut superuser).await.unwrap();
    next.post(&course.path("/enrollments"), serde_json::json!({})).await.created();
    assert_eq!(total(&instructor, &course).await, 2);
    superuser.close().await.unwrap();
    drop(lyceum);
    stop(replica).await;
}
