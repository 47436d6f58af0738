//! What `docs/security.md`, 7, demands of it is in `security/refresh_tokens.rs`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Lyceum, PASSWORD};

#[tokio::test]
async fn it_gives_the_next_pair_of_the_same_session() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let tokens = student.sign_in(PASSWORD).await.ok();
    lyceum.clock.advance(TimeDelta::minutes(20));
    let visitor = lyceum.anonymous();
    let answer = visitor.refreshes(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let pair = answer.ok();
    assert_eq!((&pair["token_type"], &pair["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(pair.as_object().unwrap().len(), 4, "{pair}");
    assert_ne!(pair["refresh_token"], tokens["refresh_token"]);
    let me = visitor.with_token(pair["access_token"].as_str().unwrap()).get("/v1/me").await.ok();
    assert_eq!(me["id"], student.id);

    let refreshed = lyceum.audited("session.refresh").await;
    assert_eq!(refreshed.len(), 1);
    assert_eq!(refreshed[0]["user_id"], student.id);
    assert_eq!(refreshed[0]["ip_address"], visitor.address);
    assert_eq!(refreshed[0]["changes"], Value::Null);
}

#[tokio::test]
async fn an_access_token_is_not_needed_and_not_looked_at() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let tokens = student.sign_in(PASSWORD).await.ok();
    let caller = lyceum.anonymous().with_token("expired or worse");
    caller.refreshes(tokens["refresh_token"].as_str().unwrap()).await.ok();
}

#[tokio::test]
async fn what_is_no_token_is_401_and_alike() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let mut bodies = Vec::new();
    for token in ["x", student.token().get(..200).unwrap(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let mut body = lyceum.anonymous().refreshes(token).await.problem(401, "invalid-refresh-token");
        body["instance"] = Value::Null;
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_body_that_is_wrong_is_told() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    let path = "/v1/auth/refresh";
    assert_eq!(visitor.post(path, json!({})).await.faults(), ["/refresh_token required"]);
    assert_eq!(visitor.post(path, json!({ "refresh_token": 1 })).await.faults(), ["/refresh_token wrong_type"]);
    assert_eq!(visitor.refreshes(&"x".repeat(256)).await.faults(), ["/refresh_token too_long"]);
    assert_eq!(visitor.refreshes("\0").await.faults(), ["/refresh_token invalid_text"]);
    let extra = json!({ "refresh_token": "x", "user_id": "x" });
    assert_eq!(visitor.post(path, extra).await.faults(), ["/user_id unknown_field"]);
}
