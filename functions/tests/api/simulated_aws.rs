//! Secrets and queues by the SDK's own calls, in the very binaries, against AWS as moto simulates it.

use std::time::Duration;

use lyceum::db::APPLICATION_ROLE;
use lyceum::identity::keys::SigningKey;
use lyceum_local::event::{self, Call};
use serde_json::{Map, Value, json};

use crate::harness::{Lyceum, Moto, PASSWORD, Process, cluster, new_user};

/// A call, as API Gateway hands it on.
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

/// What a function is told, over the database of that Lyceum, with the services that moto simulates.
async fn environment(moto: &Moto, lyceum: &Lyceum) -> Vec<(&'static str, String)> {
    let mut environment = moto.environment();
    environment.push(("DATABASE_URL", cluster().await.url(APPLICATION_ROLE, &lyceum.database_name)));
    environment
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_kept_as_a_secret_and_signs_what_the_others_verify() {
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
    assert!(!rotate.printed().contains("PRIVATE KEY"), "no log has it");
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
async fn a_registration_wakes_the_queue_with_an_empty_message_and_one_that_is_away_stops_nobody() {
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
    assert_eq!(messages[0]["Body"], "{}", "what is to be done stands in the database");

    moto.call("AmazonSQS", "DeleteQueue", json!({ "QueueUrl": queue })).await;
    let answer = register.invoke(call("POST", "/v1/auth/register", None, &new_user("grace"))).await.unwrap();
    assert_eq!(answer["statusCode"], 202, "{answer}");
    assert!(register.printed().contains("the queue could not be woken"), "{}", register.printed());
    register.stop().await;
}

/// Its queue is only to be woken: the call is answered well before API Gateway, or Lambda, gives it up.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_takes_the_connection_and_stays_silent_holds_no_registration_up() {
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
    assert_eq!(lyceum.count("SELECT count(*) FROM outbox").await, 1, "which the schedule finds");
    register.stop().await;
}
