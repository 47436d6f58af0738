//! Refresh tokens are used once, and reuse ends the session (RFC 9700).

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use crate::harness::{Caller, Lyceum, PASSWORD, at_once};

/// Returns a student with one session, and its refresh token.
async fn signed_in(lyceum: &Arc<Lyceum>) -> (Caller, String) {
    let student = lyceum.student().await;
    student.delete("/v1/me/sessions").await.no_content();
    let tokens = student.sign_in(PASSWORD).await.ok();
    (student.with_token(text(&tokens, "access_token")), text(&tokens, "refresh_token").to_owned())
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

/// Refreshes and returns the next refresh token.
async fn next(caller: &Caller, token: &str) -> String {
    text(&caller.refreshes(token).await.ok(), "refresh_token").to_owned()
}

async fn assert_ended(lyceum: &Lyceum, student: &Caller, tokens: &[&str]) {
    student.get("/v1/me").await.problem(401, "unauthorized");
    for token in tokens {
        is_refused(student, token).await;
    }
    let reused = lyceum.audited("session.reuse").await;
    assert_eq!(reused.len(), 1, "{reused:?}");
    assert_eq!(reused[0]["user_id"], student.id);
    assert_eq!(reused[0]["resource_type"], "session");
}

async fn is_refused(caller: &Caller, token: &str) {
    caller.refreshes(token).await.problem(401, "invalid-refresh-token");
}

#[tokio::test]
async fn each_refresh_returns_a_new_token() {
    let lyceum = Lyceum::new().await;
    let (student, first) = signed_in(&lyceum).await;
    let mut seen = BTreeSet::from([first.clone()]);
    let mut token = first;
    for _ in 0..5 {
        lyceum.clock.advance(TimeDelta::minutes(1));
        token = next(&lyceum.anonymous(), &token).await;
        assert!(seen.insert(token.clone()));
    }
    assert_eq!(student.get("/v1/me/sessions").await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refreshes_with_one_token_get_the_same_successor() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let answers = at_once(64, |_| {
        let (visitor, token) = (lyceum.anonymous(), token.clone());
        async move { visitor.refreshes(&token).await }
    })
    .await;
    let pairs: Vec<_> = answers.into_iter().map(crate::harness::Answer::ok).collect();
    let successors: BTreeSet<_> = pairs.iter().map(|pair| text(pair, "refresh_token")).collect();
    assert_eq!(successors.len(), 1, "the session has one chain of tokens");
    let sessions = student.get("/v1/me/sessions").await.ok();
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
    for pair in &pairs {
        student.with_token(text(pair, "access_token")).get("/v1/me").await.ok();
    }
    assert_eq!(lyceum.audited("session.refresh").await.len(), 64);
    assert!(lyceum.audited("session.reuse").await.is_empty());
}

/// A client that lost the response doesn't have to sign in again.
#[tokio::test]
async fn a_used_token_returns_the_same_successor_for_a_minute() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let successor = next(&student, &token).await;
    for _ in 0..2 {
        lyceum.clock.advance(TimeDelta::seconds(30));
        assert_eq!(next(&student, &token).await, successor);
    }
    lyceum.clock.advance(TimeDelta::minutes(5));
    next(&student, &successor).await;
    student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn reuse_after_a_minute_ends_the_session_and_is_audited() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let successor = next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::milliseconds(60_001));
    is_refused(&lyceum.anonymous(), &token).await;
    assert_ended(&lyceum, &student, &[&token, &successor]).await;
    student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn reuse_after_the_successor_was_used_ends_the_session_even_within_a_minute() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let successor = next(&student, &token).await;
    let third = next(&student, &successor).await;
    is_refused(&lyceum.anonymous(), &token).await;
    assert_ended(&lyceum, &student, &[&token, &successor, &third]).await;
}

#[tokio::test]
async fn repeating_a_refresh_does_not_extend_the_minute() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::seconds(40));
    next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::seconds(40));
    is_refused(&student, &token).await;
    assert_ended(&lyceum, &student, &[]).await;
}

/// The successor is stored encrypted, so that the database doesn't reveal it, and is deleted when it is used.
#[tokio::test]
async fn a_successor_is_stored_encrypted_and_only_until_it_is_used() {
    const SEALED: &str = "SELECT count(*) FROM refresh_tokens WHERE sealed_successor IS NOT NULL";
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let successor = next(&student, &token).await;
    let sealed: Vec<u8> =
        sqlx::query_scalar("SELECT sealed_successor FROM refresh_tokens WHERE sealed_successor IS NOT NULL")
            .fetch_one(&lyceum.database)
            .await
            .unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains(&successor));
    next(&student, &successor).await;
    assert_eq!(lyceum.count(SEALED).await, 1, "only the next successor is stored");
}

#[tokio::test]
async fn a_reuse_does_not_end_other_sessions() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let other = student.sign_in(PASSWORD).await.ok();
    next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::seconds(61));
    is_refused(&student, &token).await;
    student.get("/v1/me").await.problem(401, "unauthorized");
    student.with_token(text(&other, "access_token")).get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_session_that_is_idle_for_30_days_ends() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    lyceum.clock.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    let token = next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::days(30));
    is_refused(&student, &token).await;
}

#[tokio::test]
async fn a_session_ends_after_90_days_however_often_it_is_refreshed() {
    let lyceum = Lyceum::new().await;
    let (student, mut token) = signed_in(&lyceum).await;
    let mut pair = Value::Null;
    for _ in 0..4 {
        lyceum.clock.advance(TimeDelta::days(22));
        pair = student.refreshes(&token).await.ok();
        token = text(&pair, "refresh_token").to_owned();
    }
    lyceum.clock.advance(TimeDelta::days(2) - TimeDelta::minutes(1));
    pair = student.refreshes(text(&pair, "refresh_token")).await.ok();
    let student = student.with_token(text(&pair, "access_token"));
    student.get("/v1/me").await.ok();
    lyceum.clock.advance(TimeDelta::minutes(1));
    is_refused(&student, text(&pair, "refresh_token")).await;
    student.get("/v1/me").await.problem(401, "unauthorized");
}
