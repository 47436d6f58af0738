//! The functions' binaries use Secrets Manager and SQS as moto simulates them.

use std::time::Duration;

use lyceum::db::APPLICATION_ROLE;
use lyceum::identity::keys::SigningKey;
use lyceum_local::event::{self, Call};
use serde_json::{Map, Value, json};

use crate::harness::{Lyceum, Moto, PASSWORD, Process, cluster, new_user};

/// Returns the event of an HTTP request.
fn call(method: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))));
    let body = (!body.is_null()).then(|| body.to_string());
    event::http(&Call {
        method,
        path_and_query: path,
        headers: &headers,
        body: body.as_deref().map(str::as_bytes),
        source_ip: "192.0.2.1",
        route_key: "$default",
        path_parameters: Map::new(),
        time: "2026-11-25T12:00:00Z".parse().unwrap(),
    })
}

/// Returns the environment of a function over the database of this Lyceum, with the services of moto.
async fn environment(moto: &Moto, lyceum: &Lyceum) -> Vec<(&'static str, String)> {
    let mut environment = moto.environment();
    environment.push(("DATABASE_URL", cluster().await.url(APPLICATION_ROLE, &lyceum.database_name)));
    environment
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_signing_key_is_stored_as_a_secret_and_used_by_all_functions() {
    let Some(moto) = Moto::start().await else { return };
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let secret = moto.call("secretsmanager", "CreateSecret", json!({ "Name": "signing-key" })).await;
    let mut environment = environment(&moto, &lyceum).await;
    environment.push(("SIGNING_KEY_SECRET", secret["ARN"].as_str().unwrap().to_owned()));

    let mut rotate = Process::start(env!("CARGO_BIN_EXE_rotate-keys"), &environment).await;
    let made = rotate.invoke(json!({})).await.unwrap();
    let read = json!({ "SecretId": "signing-key" });
    let kept = moto.call("secretsmanager", "GetSecretValue", read).await["SecretString"].clone();
    let kept = kept.as_str().unwrap();
    assert!(kept.starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(!rotate.printed().contains("PRIVATE KEY"), "the log must not contain the key");
    rotate.stop().await;

    let key = SigningKey::from_pem(kept.as_bytes()).unwrap();
    assert_eq!(made["kid"], key.kid());

    let mut login = Process::start(env!("CARGO_BIN_EXE_login"), &environment).await;
    let body = json!({ "identifier": student.email, "password": PASSWORD });
    let answer = login.invoke(call("POST", "/v1/auth/login", None, &body)).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer} {}", login.printed());
    let pair: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    login.stop().await;

    let mut profile = Process::start(env!("CARGO_BIN_EXE_profile"), &environment).await;
    let answer = profile.invoke(call("GET", "/v1/me", pair["access_token"].as_str(), &Value::Null)).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer} {}", profile.printed());
    profile.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_wakes_the_queue_and_succeeds_when_the_queue_is_unavailable() {
    let Some(moto) = Moto::start().await else { return };
    let lyceum = Lyceum::new().await;
    let queue = moto.call("AmazonSQS", "CreateQueue", json!({ "QueueName": "mail" })).await["QueueUrl"].clone();
    let mut environment = environment(&moto, &lyceum).await;
    environment.push(("MAIL_QUEUE_URL", queue.as_str().unwrap().to_owned()));

    let mut register = Process::start(env!("CARGO_BIN_EXE_register"), &environment).await;
    let answer = register.invoke(call("POST", "/v1/auth/register", None, &new_user("ada"))).await.unwrap();
    assert_eq!(answer["statusCode"], 202, "{answer} {}", register.printed());
    let received =
        moto.call("AmazonSQS", "ReceiveMessage", json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 })).await;
    let messages = received["Messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["Body"], "{}", "the message is empty: the work is in the database");

    moto.call("AmazonSQS", "DeleteQueue", json!({ "QueueUrl": queue })).await;
    let answer = register.invoke(call("POST", "/v1/auth/register", None, &new_user("grace"))).await.unwrap();
    assert_eq!(answer["statusCode"], 202, "{answer}");
    assert!(register.printed().contains("the queue could not be woken"), "{}", register.printed());
    register.stop().await;
}

/// The queue is only woken, so the request must be answered well before API Gateway's and Lambda's timeouts.
#[tokio::test(flavor = "multi_thread")]
async fn a_registration_succeeds_when_the_queue_does_not_respond() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let lyceum = Lyceum::new().await;
    let mut environment = lyceum.environment();
    environment.extend([
        ("AWS_ENDPOINT_URL", url.clone()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("MAIL_QUEUE_URL", format!("{url}/123456789012/mail")),
    ]);
    let mut register = Process::start(env!("CARGO_BIN_EXE_register"), &environment).await;
    let registering = register.invoke(call("POST", "/v1/auth/register", None, &new_user("ada")));
    let answer = tokio::time::timeout(Duration::from_secs(5), registering).await.expect("an answer").unwrap();
    assert_eq!(answer["statusCode"], 202, "{answer} {}", register.printed());
    assert!(register.printed().contains("the queue could not be woken"), "{}", register.printed());
    assert_eq!(lyceum.count("SELECT count(*) FROM outbox").await, 1, "the schedule finds the mail");
    register.stop().await;
}
