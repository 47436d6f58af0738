use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::Mutex;

use super::{create_administrator, invoke, redrive};
use crate::demo;
use crate::postgres::{Cluster, throwaway};
use crate::stack::{Environment, Options, Stack};

/// A separate cluster, because the application's role belongs to the cluster and must not be set up concurrently.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

async fn cluster() -> &'static Cluster {
    tokio::task::spawn_blocking(throwaway).await.unwrap().unwrap()
}

/// The URL of an empty database, as a user who can create roles.
async fn bare_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("operator_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut superuser = PgConnection::connect(&cluster().await.url("postgres", "postgres")).await.unwrap();
    superuser.execute(sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))).await.unwrap();
    cluster().await.url("postgres", &name)
}

async fn administrators(url: &str) -> Vec<(String, String, bool)> {
    let mut owner = PgConnection::connect(url).await.unwrap();
    sqlx::query_as(
        "SELECT email, username, is_email_verified FROM users WHERE role_id = (SELECT id FROM roles WHERE name = 'admin') ORDER BY email",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap()
}

/// Runs the command where no stack is running.
async fn create(url: &str, email: &str, username: Option<&str>) -> Result<String, String> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let created = create_administrator(Path::new("/nonexistent"), Some(url), email, username).await;
    created.map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn a_bare_database_gets_its_schema_and_its_first_administrator_without_a_password() {
    let url = bare_database().await;
    let told = create(&url, " Ada@School.test ", None).await.unwrap();
    assert!(told.starts_with("ada@school.test is an administrator"), "{told}");
    assert!(told.contains("/reset-password?token="), "{told}");
    assert_eq!(administrators(&url).await, [("ada@school.test".to_owned(), "ada".to_owned(), true)]);

    let mut owner = PgConnection::connect(&url).await.unwrap();
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM users").fetch_one(&mut owner).await.unwrap();
    assert!(!hash.starts_with('$'), "no password matches: {hash}");
    let action: Vec<String> = sqlx::query_scalar("SELECT action FROM audit_logs").fetch_all(&mut owner).await.unwrap();
    assert_eq!(action, ["user.create_administrator"]);
    let token = told.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
    let stored: Vec<String> =
        sqlx::query_scalar("SELECT token FROM password_reset_tokens").fetch_all(&mut owner).await.unwrap();
    assert!(stored.len() == 1 && stored[0] != token, "only its hash is stored");
}

#[tokio::test]
async fn creating_an_existing_account_fails_and_changes_nothing() {
    let url = bare_database().await;
    create(&url, "ada@school.test", None).await.unwrap();
    let again = create(&url, "ada@school.test", None).await.unwrap_err();
    assert!(again.contains("taken") || again.contains("already"), "{again}");
    let other_name = create(&url, "ADA@school.test", Some("countess")).await.unwrap_err();
    assert!(other_name.contains("already"), "{other_name}");
    let taken = create(&url, "ada@elsewhere.test", None).await.unwrap_err();
    assert!(taken.contains("username is taken"), "{taken}");
    create(&url, "ada@elsewhere.test", Some("ada.elsewhere")).await.unwrap();
    assert_eq!(administrators(&url).await.len(), 2);
}

#[tokio::test]
async fn an_invalid_email_or_username_is_refused_before_anything_is_changed() {
    let url = bare_database().await;
    for (email, username) in [
        ("", None),
        ("ada", None),
        ("ada@", None),
        ("@school.test", None),
        ("ada@school.test\0", None),
        ("a@school.test", None),         // too short for a username
        ("ada+admin@school.test", None), // not allowed in a username
        ("ada@school.test", Some("a@b")),
    ] {
        let refused = create(&url, email, username).await.unwrap_err();
        assert!(refused.contains("email") || refused.contains("username"), "{email}: {refused}");
    }
    let mut owner = PgConnection::connect(&url).await.unwrap();
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(tables, 0);
    let hint = create(&url, "ada+admin@school.test", None).await.unwrap_err();
    assert!(hint.contains("--username"), "{hint}");
    create(&url, "ada+admin@school.test", Some("ada")).await.unwrap();
}

#[tokio::test]
async fn without_a_running_stack_the_error_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let refused = create_administrator(folder.path(), None, "ada@school.test", None).await.unwrap_err();
    assert!(format!("{refused:#}").contains("cargo run"), "{refused:#}");
    let refused = invoke(folder.path(), "maintain", None).await.unwrap_err();
    assert!(format!("{refused:#}").contains("cargo run"), "{refused:#}");
    let nowhere = "postgres://nobody@127.0.0.1:9/none";
    let refused = create(nowhere, "ada@school.test", None).await.unwrap_err();
    assert!(refused.contains("does not answer"), "{refused}");
}

const IN_PRODUCTION: &str = "LYCEUM_TEST_IN_PRODUCTION";

/// Runs in a separate process, because it changes the environment.
#[test]
fn in_production_the_demo_data_refuse_to_load_and_the_operator_starts_from_nothing() {
    let name = format!("{}::the_stack_in_production", module_path!().split_once("::").unwrap().1);
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", &name])
        .env("LYCEUM_ENV", "production")
        .env(IN_PRODUCTION, "yes")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test]
#[ignore = "run by in_production_the_demo_data_refuse_to_load…, in a process of its own"]
async fn the_stack_in_production() {
    if env::var_os(IN_PRODUCTION).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = bare_database().await;
    let options =
        Options { port: 0, hosts: Vec::new(), data_dir: folder.path().to_owned(), database_url: Some(url.clone()) };
    let stack = Stack::start(&options, |step| println!("{step}")).await.unwrap();
    assert!(!stack.has_demo_accounts().await);
    assert!(administrators(&url).await.is_empty());
    let mut owner = PgConnection::connect(&url).await.unwrap();
    let environment = Environment::of_running(folder.path()).unwrap();
    let refused = demo::load(&mut owner, &environment).await.unwrap_err();
    assert!(refused.to_string().contains("production"), "{refused:#}");
    let courses: i64 = sqlx::query_scalar("SELECT count(*) FROM courses").fetch_one(&mut owner).await.unwrap();
    assert_eq!(courses, 0);

    // creates the first administrator of the running stack, who uses the printed link
    let told = create_administrator(folder.path(), None, "ada@school.test", None).await.unwrap();
    let token = told.split("token=").nth(1).unwrap().split_whitespace().next().unwrap();
    let post = async |path: &str, body: Value| {
        reqwest::Client::new().post(format!("{}{path}", stack.url)).json(&body).send().await.unwrap()
    };
    let password = "four words and more";
    let reset = post("/v1/auth/reset-password", json!({ "token": token, "password": password })).await;
    assert_eq!(reset.status(), 204);
    let signed_in = post("/v1/auth/login", json!({ "identifier": "ada@school.test", "password": password })).await;
    assert_eq!(signed_in.status(), 200);

    // invokes a function by hand
    let report = invoke(folder.path(), "rotate-keys", None).await.unwrap();
    assert_eq!(report["retired"], 1);
    let report = invoke(folder.path(), "maintain", Some("{}")).await.unwrap();
    assert_eq!(report["accounts_erased"], 0);
    let unknown = invoke(folder.path(), "erase-everything", None).await.unwrap_err();
    assert!(format!("{unknown:#}").contains("rotate-keys"), "the error lists the functions: {unknown:#}");
    assert!(invoke(folder.path(), "maintain", Some("{")).await.is_err());

    // handles failed events again
    let again = async || redrive(folder.path(), "ingest").await.unwrap();
    assert_eq!(again().await, "There are no failed events.");
    let failed = folder.path().join("failed/ingest");
    std::fs::create_dir_all(&failed).unwrap();
    let record = json!({ "requestPayload": { "upload_id": "019ab3f0-5c00-7000-8000-0000000000aa" } });
    std::fs::write(failed.join("1.json"), record.to_string()).unwrap();
    assert_eq!(again().await, "Failed events handled: 1.");
    assert_eq!(again().await, "There are no failed events.");
    stack.stop().await.unwrap();
}
