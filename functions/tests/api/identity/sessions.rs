use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum, PASSWORD};

async fn sessions(caller: &Caller) -> Vec<Value> {
    caller.get("/v1/me/sessions").await.ok()["data"].as_array().unwrap().clone()
}

fn path(session: &Value) -> String {
    format!("/v1/me/sessions/{}", session["id"].as_str().unwrap())
}

#[tokio::test]
async fn they_tell_where_one_is_signed_in_the_newest_first() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.delete("/v1/me/sessions").await.no_content();
    let first = student.sign_in(PASSWORD).await.ok();
    lyceum.clock.advance(TimeDelta::hours(1));
    let phone = student.at("2001:db8::7").with_header("user-agent", "phone/1");
    phone.sign_in(PASSWORD).await.ok();
    let tokens = student.refreshes(first["refresh_token"].as_str().unwrap()).await.ok();
    let student = student.with_token(tokens["access_token"].as_str().unwrap());

    let listed = sessions(&student).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["ip_address"], "2001:db8::7");
    assert!(listed[0]["user_agent"].as_str().unwrap().contains("phone/1"));
    assert_eq!(listed[0]["created_at"], "2026-11-23T20:56:00Z");
    assert_eq!(listed[0]["last_used_at"], "2026-11-23T20:56:00Z");
    assert_eq!(listed[0]["expires_at"], "2026-12-23T20:56:00Z", "idle, before absolute");
    assert_eq!((&listed[0]["is_current"], &listed[1]["is_current"]), (&json!(false), &json!(true)));
    assert_eq!(listed[1]["ip_address"], student.address);
    for field in ["token", "refresh_token", "user_id"] {
        assert_eq!(listed[0].get(field), None);
    }
}

#[tokio::test]
async fn a_refresh_moves_the_last_use_and_the_address() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let tokens = student.sign_in(PASSWORD).await.ok();
    lyceum.clock.advance(TimeDelta::days(1));
    let pair = student.at("192.0.2.9").refreshes(tokens["refresh_token"].as_str().unwrap()).await.ok();
    let listed = sessions(&student.with_token(pair["access_token"].as_str().unwrap())).await;
    let current = listed.iter().find(|session| session["is_current"] == true).unwrap();
    assert_eq!(current["ip_address"], "192.0.2.9");
    assert_eq!(current["last_used_at"], "2026-11-24T19:56:00Z");
    assert_eq!(current["created_at"], "2026-11-23T19:56:00Z");
}

#[tokio::test]
async fn those_that_ended_or_were_idle_are_not_listed() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    lyceum.clock.advance(TimeDelta::days(30));
    let fresh = student.with_token(student.sign_in(PASSWORD).await.ok()["access_token"].as_str().unwrap());
    assert_eq!(sessions(&fresh).await.len(), 1);
    student.sign_in(PASSWORD).await.ok();
    let listed = sessions(&fresh).await;
    assert_eq!(listed.len(), 2);
    let other = listed.iter().find(|session| session["is_current"] == false).unwrap();
    fresh.delete(&path(other)).await.no_content();
    assert_eq!(sessions(&fresh).await.len(), 1);
    fresh.delete(&path(other)).await.problem(404, "not-found");
}

#[tokio::test]
async fn pages_follow_one_another() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for _ in 0..4 {
        student.sign_in(PASSWORD).await.ok();
    }
    let mut seen = Vec::new();
    let mut next = "/v1/me/sessions?limit=2".to_owned();
    loop {
        let page = student.get(&next).await.ok();
        seen.extend(page["data"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("/v1/me/sessions?limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), 5);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    student.get("/v1/me/sessions?limit=0").await.is(422);
    student.get("/v1/me/sessions?cursor=x").await.is(422);
}

#[tokio::test]
async fn nobody_ends_anothers_session_or_sees_it() {
    let lyceum = Lyceum::new().await;
    let (student, other) = (lyceum.student().await, lyceum.student().await);
    let own = sessions(&student).await;
    assert_eq!(own.len(), 1);
    other.delete(&path(&own[0])).await.problem(404, "not-found");
    lyceum.admin().await.delete(&path(&own[0])).await.problem(404, "not-found");
    other.delete("/v1/me/sessions/no-id").await.problem(404, "not-found");
    other.delete("/v1/me/sessions").await.no_content();
    student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn ending_one_and_all_is_audited() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.sign_in(PASSWORD).await.ok();
    let listed = sessions(&student).await;
    let other = listed.iter().find(|session| session["is_current"] == false).unwrap();
    student.delete(&path(other)).await.no_content();
    student.delete("/v1/me/sessions").await.no_content();
    student.get("/v1/me/sessions").await.problem(401, "unauthorized");
    assert_eq!(lyceum.audited("session.end").await[0]["resource_id"], other["id"]);
    let all = lyceum.audited("session.end_all").await;
    assert_eq!((&all[0]["user_id"], &all[0]["resource_id"]), (&json!(student.id), &json!(student.id)));
}

#[tokio::test]
async fn they_take_a_token() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.get("/v1/me/sessions").await.problem(401, "unauthorized");
    visitor.delete("/v1/me/sessions").await.problem(401, "unauthorized");
    visitor.delete("/v1/me/sessions/0193572f-0000-7000-8000-000000000000").await.problem(401, "unauthorized");
}
