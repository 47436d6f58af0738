use lyceum_local::postgres::Cluster;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::harness::{Alone, Database, Lyceum, needs_postgres_program};

const PATH: &str = "/v1/admin/database";

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {list}"))
}

#[tokio::test]
async fn it_tells_sizes_indexes_and_what_waits() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    student.post("/v1/auth/forgot-password", json!({ "email": student.email })).await.is(202);
    sqlx::raw_sql(
        "INSERT INTO outbox (purpose, user_id, due_at, dead_at) SELECT 'verify-email', id, now(), now() FROM users LIMIT 1;
         INSERT INTO jobs (kind, due_at, done_at, dead_at) VALUES ('a-kind', now(), NULL, NULL), ('a-kind', now(), now(), NULL),
           ('a-kind', now(), NULL, now()), ('other-kind', now(), NULL, now()), ('done-kind', now(), now(), NULL);
         UPDATE jobs SET due_at = '2026-11-23T19:56:00Z', created_at = '2026-11-23T19:56:00Z';
         CREATE INDEX nobody_asks_by_bio ON users (bio);
         CREATE INDEX cut_short ON users (first_name);",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    // What a concurrent build leaves that was cut short; only a superuser may write it by hand.
    let url = crate::harness::cluster().await.url("postgres", &lyceum.database_name);
    let mut superuser = PgConnection::connect(&url).await.unwrap();
    let invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cut_short'::regclass";
    sqlx::query(invalid).execute(&mut superuser).await.unwrap();

    let condition = admin.get(PATH).await.ok();
    assert!(condition["size_bytes"].as_i64().unwrap() > 1_000_000);
    let users = named(&condition["tables"], "users");
    assert!(users["size_bytes"].as_i64().unwrap() > users["indexes_bytes"].as_i64().unwrap());
    let names = || condition["tables"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
    assert!(!names().any(|name| name.starts_with("audit_logs_")), "the audit log is one, whatever its parts");
    assert!(named(&condition["tables"], "audit_logs")["size_bytes"].as_i64().unwrap() > 0);
    let sizes: Vec<_> =
        condition["tables"].as_array().unwrap().iter().map(|one| one["size_bytes"].as_i64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|one, next| one >= next));

    let index = |name| named(&condition["indexes"], name);
    assert_eq!(index("nobody_asks_by_bio")["is_unused"], true);
    assert_eq!(index("nobody_asks_by_bio")["table"], "users");
    assert_eq!(index("users_email_key")["is_unused"], false, "it keeps emails apart, used or not");
    assert_eq!(index("cut_short")["is_invalid"], true);
    assert_eq!(index("users_pkey")["is_invalid"], false);
    assert_eq!(condition["outbox"], json!({ "waiting": 1, "oldest_due_seconds": 0, "dead": 1 }));
    assert_eq!(condition["replica"], Value::Null);
    assert_eq!(condition["progress_waiting"], 0);
    let kind = |kind: &str, waiting: i64, seconds: i64, dead: i64| json!({ "kind": kind, "waiting": waiting, "oldest_due_seconds": seconds, "dead": dead });
    assert_eq!(condition["jobs"], json!([kind("a-kind", 1, 0, 1), kind("other-kind", 0, 0, 1)]));

    lyceum.clock.advance(chrono::TimeDelta::seconds(90));
    assert_eq!(admin.get(PATH).await.ok()["outbox"]["oldest_due_seconds"], 90);
    assert_eq!(admin.get(PATH).await.ok()["jobs"][0]["oldest_due_seconds"], 90);
    assert_eq!(lyceum.run("maintain", json!({})).await["invalid_indexes"], json!(["cut_short"]));
}

#[tokio::test]
async fn it_takes_the_permission_and_no_more() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    lyceum.permitted(&admin, &["system:read"]).await.get(PATH).await.ok();
    lyceum.permitted(&admin, &["audit:read"]).await.get(PATH).await.problem(403, "forbidden");
    lyceum.anonymous().get(PATH).await.problem(401, "unauthorized");
    admin.post(PATH, json!({})).await.problem(405, "method-not-allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_the_slowest_statements_where_postgres_counts_them_and_how_far_the_replica_is_behind() {
    needs_postgres_program!("pg_basebackup");
    let mut writer = Alone::start().await;
    writer.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'").await;
    writer.restart().await;
    let database = Database::alone_in(&writer).await;
    let mut superuser = writer.superuser("template_lyceum").await;
    let lyceum = Lyceum::over(database, |_| None).await;
    assert_eq!(lyceum.admin().await.get(PATH).await.ok()["slowest_statements"], json!([]), "not without the extension");
    sqlx::query("CREATE EXTENSION pg_stat_statements").execute(&mut superuser).await.unwrap();
    let admin = lyceum.admin().await;
    admin.get("/v1/users?q=secret-word").await.ok();
    let condition = admin.get(PATH).await.ok();
    let statements = condition["slowest_statements"].as_array().unwrap();
    assert!((1..=20).contains(&statements.len()), "{statements:?}");
    assert!(statements.iter().all(|one| one["calls"].as_i64() > Some(0) && one["mean_milliseconds"].is_f64()));
    assert!(!condition.to_string().contains("secret-word"), "values are left out");

    let dir = writer.folder().join("replica");
    let replica = writer.replica_in(&dir);
    let url = lyceum_url(&writer, &replica);
    let lyceum =
        Lyceum::over(Database::in_template_of(&writer), |name| (name == "READER_DATABASE_URL").then(|| url.clone()))
            .await;
    let admin = admin.calling(&lyceum);
    assert_eq!(admin.get(PATH).await.ok()["replica"]["answers"], true);
    let mut replaying = PgConnection::connect(&replica.url("postgres", "postgres")).await.unwrap();
    admin.patch("/v1/me", json!({ "bio": "Now." })).await.ok();
    let has_replayed = "SELECT pg_last_xact_replay_timestamp() IS NOT NULL";
    while !sqlx::query_scalar::<_, bool>(has_replayed).fetch_one(&mut replaying).await.unwrap() {}
    sqlx::query("SELECT pg_wal_replay_pause()").execute(&mut replaying).await.unwrap();
    admin.patch("/v1/me", json!({ "bio": "Later." })).await.ok();
    loop {
        let lag = admin.get(PATH).await.ok()["replica"]["lag_milliseconds"].as_f64().unwrap();
        if lag > 0.0 {
            break; // once what was written has arrived there
        }
    }
    replaying.close().await.unwrap();
    let data = replica.location().to_owned();
    tokio::task::spawn_blocking(move || replica.stop()).await.unwrap().unwrap();
    std::fs::remove_dir_all(data).unwrap();
    assert_eq!(admin.get(PATH).await.ok()["replica"], json!({ "answers": false, "lag_milliseconds": null }));
}

fn lyceum_url(writer: &Cluster, replica: &Cluster) -> String {
    let url = writer.url("lyceum_app", "template_lyceum");
    url.replace(&format!(":{}/", writer.port()), &format!(":{}/", replica.port()))
}
