//! Refresh tokens are spent by their use (`security.md`, 7; RFC 9700).

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use crate::harness::{Caller, Lyceum, PASSWORD, at_once};

/// A student's refresh token, the only session's.
async fn signed_in(lyceum: &Arc<Lyceum>) -> (Caller, String) {
    let student = lyceum.student().await;
    student.delete("/v1/me/sessions").await.no_content();
    let tokens = student.sign_in(PASSWORD).await.ok();
    (student.with_token(text(&tokens, "access_token")), text(&tokens, "refresh_token").to_owned())
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

/// Refreshes, and gives the next refresh token.
async fn next(caller: &Caller, token: &str) -> String {
    text(&caller.refreshes(token).await.ok(), "refresh_token").to_owned()
}

async fn has_ended(lyceum: &Lyceum, student: &Caller, tokens: &[&str]) {
    student.get("/v1/me").await.problem(401, "unauthorized");
    for token in tokens {
        lyceum_refuses(student, token).await;
    }
    let reused = lyceum.audited("session.reuse").await;
    assert_eq!(reused.len(), 1, "{reused:?}");
    assert_eq!(reused[0]["user_id"], student.id);
    assert_eq!(reused[0]["resource_type"], "session");
}

async fn lyceum_refuses(caller: &Caller, token: &str) {
    caller.refreshes(token).await.problem(401, "invalid-refresh-token");
}

#[tokio::test]
async fn each_use_spends_a_token_and_gives_the_next() {
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
async fn of_64_at_once_on_one_token_all_get_the_same_successor() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let answers = at_once(64, |_| {
        let (visitor, token) = (lyceum.anonymous(), token.clone());
        async move { visitor.refreshes(&token).await }
    })
    .await;
    let pairs: Vec<_> = answers.into_iter().map(crate::harness::Answer::ok).collect();
    let successors: BTreeSet<_> = pairs.iter().map(|pair| text(pair, "refresh_token")).collect();
    assert_eq!(successors.len(), 1, "one chain lives on");
    let sessions = student.get("/v1/me/sessions").await.ok();
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
    for pair in &pairs {
        student.with_token(text(pair, "access_token")).get("/v1/me").await.ok();
    }
    assert_eq!(lyceum.audited("session.refresh").await.len(), 64);
    assert!(lyceum.audited("session.reuse").await.is_empty());
}

/// An answer that was lost on a train costs no sign-in.
#[tokio::test]
async fn a_spent_token_gives_the_same_successor_again_for_a_minute() {
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
    lyceum_refuses(&lyceum.anonymous(), &token).await;
    has_ended(&lyceum, &student, &[&token, &successor]).await;
    student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn reuse_once_the_successor_was_used_ends_the_session_even_within_the_minute() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let successor = next(&student, &token).await;
    let third = next(&student, &successor).await;
    lyceum_refuses(&lyceum.anonymous(), &token).await;
    has_ended(&lyceum, &student, &[&token, &successor, &third]).await;
}

#[tokio::test]
async fn asking_again_does_not_prolong_the_minute() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::seconds(40));
    next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::seconds(40));
    lyceum_refuses(&student, &token).await;
    has_ended(&lyceum, &student, &[]).await;
}

/// The copy that is kept for the minute is of no use to a reader of the database, and is gone with its use.
#[tokio::test]
async fn a_successor_is_kept_sealed_and_only_until_it_is_used() {
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
    assert_eq!(lyceum.count(SEALED).await, 1, "the next one's alone");
}

#[tokio::test]
async fn a_reuse_in_one_session_leaves_the_others() {
    let lyceum = Lyceum::new().await;
    let (student, token) = signed_in(&lyceum).await;
    let other = student.sign_in(PASSWORD).await.ok();
    next(&student, &token).await;
    lyceum.clock.advance(TimeDelta::seconds(61));
    lyceum_refuses(&student, &token).await;
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
    lyceum_refuses(&student, &token).await;
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
    lyceum_refuses(&student, text(&pair, "refresh_token")).await;
    student.get("/v1/me").await.problem(401, "unauthorized");
}
