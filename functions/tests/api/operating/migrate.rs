//! `migrate`, as a deployment calls it: the database that it leaves, and what the deployment is told.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use lyceum::app::App;
use lyceum::config::Settings;
use lyceum::db;
use lyceum::run::Running;
use lyceum_functions::operating::migrate::FUNCTION;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::harness::{Alone, DATABASES, Deployment, Process, needs_postgres_program, schema_of, serve};

async fn migrate(owner_url: &str, event: Value) -> Value {
    let settings = Settings::from(|name| (name == "DATABASE_OWNER_URL").then(|| owner_url.to_owned())).unwrap();
    let app = Arc::new(App::start(settings, FUNCTION.needs).await.unwrap());
    Running::new(&FUNCTION, app).unwrap().invoke(event).await.unwrap()
}

async fn one(owner_url: &str, sql: &str) -> String {
    let mut owner = PgConnection::connect(owner_url).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut owner).await.unwrap()
}

const ROLE: &str =
    "SELECT concat_ws(' ', rolcanlogin, rolsuper, rolcreaterole, rolconfig) FROM pg_roles WHERE rolname = 'lyceum_app'";

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_makes_role_and_schema_and_the_next_changes_nothing() {
    needs_postgres_program!("pg_dump");
    let (cluster, deployment) = (Alone::start().await, Deployment::start(0).await);
    let owner = cluster.url("postgres", "postgres");
    cluster.execute("CREATE ROLE rds_iam").await;

    migrate(&owner, deployment.event("Create")).await;
    assert_eq!(
        deployment.answer(),
        json!({
            "Status": "SUCCESS",
            "PhysicalResourceId": "schema",
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/lyceum/16580499",
            "RequestId": "82304eb2-bdda-469f-a33b-a3f1406d0a52",
            "LogicalResourceId": "Schema",
        })
    );
    let role = one(&owner, ROLE).await;
    assert_eq!(
        role,
        "t f f {statement_timeout=5s,lock_timeout=2s,idle_in_transaction_session_timeout=10s,random_page_cost=1.1,idle_session_timeout=0}"
    );
    let may = "SELECT pg_has_role('lyceum_app', 'rds_iam', 'MEMBER')::text";
    assert_eq!(one(&owner, may).await, "true", "on RDS it signs in by IAM");
    let schema = schema_of(&owner).await;
    let tables = schema.matches("CREATE TABLE").count();
    assert_eq!(tables, schema_of(&DATABASES.create().await.owner_url).await.matches("CREATE TABLE").count());
    let history = "SELECT string_agg(m::text, ' ' ORDER BY version) FROM _sqlx_migrations m";
    let before = one(&owner, history).await;

    let again = Value::Object({
        let mut event = deployment.event("Update").as_object().unwrap().clone();
        event.insert("PhysicalResourceId".to_owned(), json!("schema"));
        event.insert("ResourceProperties".to_owned(), json!({ "Version": "2" }));
        event
    });
    migrate(&owner, again).await;
    assert_eq!(deployment.answer()["Status"], "SUCCESS");
    assert_eq!((schema_of(&owner).await, one(&owner, ROLE).await), (schema, role));
    assert_eq!(one(&owner, history).await, before);

    let mut sleepy = deployment.event("Update");
    sleepy["ResourceProperties"]["IdleSessionTimeout"] = json!("60");
    migrate(&owner, sleepy).await;
    assert_eq!(deployment.answer()["Status"], "SUCCESS");
    assert!(one(&owner, ROLE).await.ends_with("idle_session_timeout=60000}"));
    let by_hand = migrate(&owner, json!({})).await;
    assert_eq!(by_hand["applied"], json!([]));
    assert!(by_hand["schema"].as_i64().unwrap() > 20_261_125_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn line_30_a_failure_is_told_and_leaves_the_last_whole_schema() {
    let (cluster, deployment) = (Alone::start().await, Deployment::start(0).await);
    let owner = cluster.url("postgres", "postgres");
    cluster.execute("CREATE TABLE sections (mine int)").await; // in the way of the third migration
    migrate(&owner, deployment.event("Create")).await;
    let answer = deployment.answer();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("20261123090200") && reason.contains("sections"), "{reason}");
    let applied = "SELECT count(*) || ' ' || bool_and(success) FROM _sqlx_migrations";
    assert_eq!(one(&owner, applied).await, "2 true", "those before it are there");
    assert_eq!(one(&owner, "SELECT coalesce(to_regclass('courses')::text, 'none')").await, "none", "nothing of it is");

    cluster.execute("DROP TABLE sections").await;
    migrate(&owner, deployment.event("Update")).await;
    assert_eq!(deployment.answer()["Status"], "SUCCESS");
    let all = db::MIGRATIONS.iter().filter(|migration| migration.migration_type.is_up_migration()).count();
    assert_eq!(one(&owner, applied).await, format!("{all} true"));

    // Rolled back after a migration of a later version: the code before lets it be.
    cluster
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (29990101000000, 'of the next version', true, '', 0)",
        )
        .await;
    migrate(&owner, deployment.event("Update")).await;
    assert_eq!(deployment.answer()["Status"], "SUCCESS");
    assert_eq!(migrate(&owner, json!({})).await["schema"], 29_990_101_000_000_i64);

    migrate(&owner, deployment.event("Delete")).await;
    assert_eq!(deployment.answer()["Status"], "SUCCESS");
    assert_eq!(one(&owner, applied).await, format!("{} true", all + 1), "the data outlive the stack");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_at_once_wait_for_each_other_and_apply_each_migration_once() {
    let cluster = Alone::start().await;
    let owner = cluster.url("postgres", "postgres");
    let runs = (0..4).map(|_| {
        let owner = owner.clone();
        tokio::spawn(async move { migrate(&owner, json!({ "RequestType": "Create" })).await })
    });
    let mut applied = 0;
    for run in runs.collect::<Vec<_>>() {
        applied += run.await.unwrap()["applied"].as_array().unwrap().len();
    }
    let all = db::MIGRATIONS.iter().filter(|migration| migration.migration_type.is_up_migration()).count();
    assert_eq!(applied, all);
}

#[tokio::test]
async fn a_database_that_is_away_is_told_even_if_the_first_try_is_not_heard() {
    let deployment = Deployment::start(1).await;
    migrate("postgres://owner:secret-word@127.0.0.1:9/lyceum", deployment.event("Create")).await;
    let answer = deployment.answer();
    assert_eq!(answer["Status"], "FAILED");
    assert!(!answer.to_string().contains("secret-word"), "{answer}");
    migrate("postgres://owner:secret-word@127.0.0.1:9/lyceum", deployment.event("Delete")).await;
    assert_eq!(deployment.answer()["Status"], "SUCCESS", "what was never made can be deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_takes_name_and_password_of_the_owner_from_the_secret_that_rds_keeps() {
    let (cluster, deployment) = (Alone::start().await, Deployment::start(0).await);
    let password = cluster.password().to_owned();
    let secret = json!({ "username": "postgres", "password": password }).to_string();
    let secrets = Router::new().route(
        "/",
        post(async move |headers: HeaderMap, body: String| {
            assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
            let asked: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(asked["SecretId"], "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster");
            json!({ "Name": "rds!cluster", "SecretString": secret }).to_string()
        }),
    );
    let (address, server) = serve(secrets).await;
    let url = format!("postgres://lyceum_app@127.0.0.1:{}/postgres", cluster.port());
    let environment = [
        ("DATABASE_URL", url),
        ("DATABASE_OWNER_SECRET", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster".to_owned()),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", format!("http://{address}")),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
    ];
    let mut process = Process::start(env!("CARGO_BIN_EXE_migrate"), &environment).await;
    process.invoke(deployment.event("Create")).await.unwrap();
    assert_eq!(deployment.answer()["Status"], "SUCCESS", "{}", process.printed());
    assert!(!process.printed().contains(&password));
    process.stop().await;
    server.abort();
    let owner = cluster.url("postgres", "postgres");
    assert_eq!(one(&owner, "SELECT to_regclass('courses')::text").await, "courses");
}

#[tokio::test]
async fn an_index_whose_building_failed_is_built_again_by_the_next_deployment() {
    let database = DATABASES.create_bare().await;
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    db::MIGRATIONS.run_to(20_261_129_100_000, &mut owner).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO users (email, username, password_hash, first_name, last_name, role_id)
         SELECT n || '@school.test', 'user-' || n, '', 'Ada', 'Berg', (SELECT id FROM roles WHERE name = 'student')
         FROM generate_series(1, 2) AS n",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let broken = "CREATE UNIQUE INDEX CONCURRENTLY users_folded_idx ON users (first_name)";
    sqlx::query(broken).execute(&mut owner).await.unwrap_err();
    db::migrate(&mut owner).await.unwrap();
    let is_valid =
        "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'users_folded_idx'::regclass AND NOT indisunique";
    assert_eq!(one(&database.owner_url, is_valid).await, "true");
}

#[tokio::test]
async fn an_index_that_an_interrupted_deployment_left_without_its_partitions_is_built_by_the_next() {
    let database = DATABASES.create().await;
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    // As after the last migration, when the deployment ended before it built the index in the partitions.
    sqlx::raw_sql(
        "DROP INDEX audit_logs_time_idx; CREATE INDEX audit_logs_time_idx ON ONLY audit_logs (created_at, id)",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    db::migrate(&mut owner).await.unwrap();
    let is_valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'audit_logs_time_idx'::regclass";
    assert_eq!(one(&database.owner_url, is_valid).await, "true");
}
