//! A database that is not there yet, has no room, or falls silent: a 503 that says when to come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lyceum::app::{App, Needs};
use lyceum::config::Settings;
use lyceum::run::Running;
use lyceum_functions::identity::deliver_mail::FUNCTION;
use serde_json::json;

use crate::harness::fault_proxy::{Fault, FaultProxy};
use crate::harness::{DATABASES, Lyceum, cluster};

/// As a paused Aurora: it takes the connection, and says nothing until it is awake.
#[tokio::test]
async fn line_28_a_database_that_is_waking_is_503_within_three_seconds_with_a_time_to_come_back() {
    let asleep = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://lyceum_app@{}/lyceum", asleep.local_addr().unwrap());
    let lyceum = Lyceum::with(|name| (name == "DATABASE_URL").then(|| url.clone())).await;
    for path in ["/health", "/v1/categories"] {
        let began = Instant::now();
        let answer = lyceum.anonymous().get(path).await;
        assert!(began.elapsed() < Duration::from_secs(3));
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "unavailable");
    }
}

/// Nobody waits for the answer to an event, and a run that failed would wake somebody.
#[tokio::test]
async fn who_is_called_by_an_event_waits_until_the_database_is_awake() {
    let asleep = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://lyceum_app@{}/lyceum", asleep.local_addr().unwrap());
    let lyceum = Lyceum::with(|name| (name == "DATABASE_URL").then(|| url.clone())).await;
    let settings = Settings::from(|name| (name == "DATABASE_URL").then(|| url.clone())).unwrap();
    let app = App::start(FUNCTION.settings(settings), Needs::database()).await.unwrap();
    let event = Running::new(&FUNCTION, Arc::new(app)).unwrap();
    let caller = lyceum.anonymous();
    tokio::select! {
        biased;
        ran = event.invoke(json!({ "redrive": true })) => panic!("it waits no longer than who calls: {ran:?}"),
        answer = caller.get("/v1/categories") => drop(answer.problem(503, "unavailable")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_room_for_another_connection_is_503_and_then_again_200() {
    let cluster = crate::harness::Alone::start().await;
    let database = crate::harness::Database::alone_in(&cluster).await;
    let lyceum = Lyceum::over(database, |_| None).await;
    cluster.execute("ALTER ROLE lyceum_app CONNECTION LIMIT 0").await;
    let answer = lyceum.anonymous().get("/v1/categories").await;
    assert_eq!(answer.header("retry-after"), "1");
    answer.problem(503, "unavailable");
    cluster.execute("ALTER ROLE lyceum_app CONNECTION LIMIT -1").await;
    lyceum.anonymous().get("/v1/categories").await.ok();
}

/// On its only connection, as on Lambda; half-open, the network takes what is sent, and nothing comes back.
#[tokio::test]
async fn line_28_a_database_that_falls_silent_is_503_and_then_again_200_without_a_restart() {
    let database = DATABASES.create().await;
    let port = cluster().await.port();
    let proxy = FaultProxy::before(([127, 0, 0, 1], port).into()).await;
    let url = database.application_url.replace(&format!(":{port}/"), &format!(":{}/", proxy.address.port()));
    let lyceum = Lyceum::over(database, |name| match name {
        "DATABASE_URL" => Some(url.clone()),
        "DATABASE_MAX_CONNECTIONS" => Some("1".to_owned()),
        "CALL_TIMEOUT_SECONDS" => Some("3".to_owned()),
        _ => None,
    })
    .await;
    let student = lyceum.student().await;
    for fault in [Fault::Silent, Fault::CutAfter(0)] {
        proxy.set(fault);
        let answer = student.get("/v1/me").await;
        assert_eq!(answer.header("retry-after"), "1", "{fault:?}");
        answer.problem(503, "unavailable");
        proxy.set(Fault::None);
        student.get("/v1/me").await.ok();
    }
}
