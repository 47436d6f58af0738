//! Limits on calls that take a secret or send a mail, per address (`docs/security.md`, 2).

use chrono::TimeDelta;
use http::Method;
use lyceum::http::Access;
use serde_json::json;

use crate::harness::{Caller, Store, at_once, how_many, on_both_stores};

on_both_stores!(
    an_address_may_call_a_route_twenty_times_and_then_once_per_three_seconds,
    each_address_and_each_route_is_counted_separately,
    of_64_calls_at_once_from_one_address_twenty_are_allowed,
    ipv6_addresses_are_counted_by_network,
    signed_in_calls_that_take_the_password_are_limited_too,
);

/// Sends an invalid call: 422 if the limit allows it, otherwise 429. Returns the status and `Retry-After`.
async fn call(caller: &Caller) -> (u16, String) {
    let answer = caller.verifies("no such token").await;
    (answer.status, answer.header("retry-after").to_owned())
}

const ALLOWED: (u16, String) = (422, String::new());

fn refused(seconds: u32) -> (u16, String) {
    (429, seconds.to_string())
}

async fn an_address_may_call_a_route_twenty_times_and_then_once_per_three_seconds(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    for _ in 0..20 {
        assert_eq!(call(&visitor).await, ALLOWED);
    }
    for _ in 0..3 {
        assert_eq!(call(&visitor).await, refused(3), "refused calls are not counted");
    }
    lyceum.clock.advance(TimeDelta::milliseconds(500));
    assert_eq!(call(&visitor).await, refused(3), "the time is rounded up");
    lyceum.clock.advance(TimeDelta::milliseconds(1501));
    assert_eq!(call(&visitor).await, refused(1));
    lyceum.clock.advance(TimeDelta::milliseconds(999));
    assert_eq!(call(&visitor).await, ALLOWED);
    assert_eq!(call(&visitor).await, refused(3));
    lyceum.clock.advance(TimeDelta::minutes(10));
    for _ in 0..20 {
        assert_eq!(call(&visitor).await, ALLOWED);
    }
    visitor.verifies("no such token").await.problem(429, "too-many-requests");
}

async fn each_address_and_each_route_is_counted_separately(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    for _ in 0..20 {
        call(&visitor).await;
    }
    assert_eq!(call(&visitor).await, refused(3));
    assert_eq!(call(&lyceum.anonymous()).await, ALLOWED);
    visitor.forgets_password("nobody@school.test").await;
    visitor.get("/v1/courses").await.ok();
}

async fn of_64_calls_at_once_from_one_address_twenty_are_allowed(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    let outcomes = at_once(64, |_| {
        let visitor = visitor.clone();
        async move { call(&visitor).await }
    })
    .await;
    assert_eq!(how_many(&outcomes, ALLOWED), 20, "{outcomes:?}");
    assert_eq!(how_many(&outcomes, refused(3)), 44, "{outcomes:?}");
}

async fn ipv6_addresses_are_counted_by_network(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    for number in 0..20 {
        assert_eq!(call(&visitor.at(&format!("2001:db8:1:1::{number:x}"))).await, ALLOWED);
    }
    assert_eq!(call(&visitor.at("2001:db8:1:1:ffff:ffff:ffff:ffff")).await, refused(3));
    assert_eq!(call(&visitor.at("2001:0DB8:0001:0001::1")).await, refused(3), "in any notation");
    assert_eq!(call(&visitor.at("2001:db8:1:2::1")).await, ALLOWED);
    for number in 1..=21 {
        let mapped = visitor.at(&format!("::ffff:192.0.2.{number}"));
        assert_eq!(call(&mapped).await, ALLOWED, "IPv4-mapped addresses are counted as IPv4 addresses");
    }
    for _ in 0..19 {
        assert_eq!(call(&visitor.at("192.0.2.1")).await, ALLOWED);
    }
    assert_eq!(call(&visitor.at("192.0.2.1")).await, refused(3));
}

async fn signed_in_calls_that_take_the_password_are_limited_too(store: Store) {
    let lyceum = store.lyceum().await;
    let student = lyceum.student().await;
    for (method, path) in [("PUT", "/v1/me/password"), ("PUT", "/v1/me/email"), ("DELETE", "/v1/me")] {
        for _ in 0..20 {
            student.send(method, path, Some(json!({}))).await.is(422);
        }
        let answer = student.send(method, path, Some(json!({}))).await;
        assert_eq!(answer.header("retry-after"), "3");
        answer.problem(429, "too-many-requests");
    }
}

#[tokio::test]
async fn every_open_post_route_is_limited() {
    let lyceum = Store::Postgres.lyceum().await;
    let mut tried = 0;
    for route in lyceum_functions::ALL.iter().flat_map(lyceum::Function::routes) {
        if route.access != Access::Open || route.method != Method::POST {
            continue;
        }
        let visitor = lyceum.anonymous();
        for _ in 0..20 {
            visitor.post(route.path, json!({})).await.is(422);
        }
        let answer = visitor.post(route.path, json!({})).await;
        assert_eq!(answer.header("retry-after"), "3", "{}", route.path);
        answer.problem(429, "too-many-requests");
        tried += 1;
    }
    assert_eq!(tried, 7, "login, register, verify, resend, forgot, reset, refresh");
}

#[tokio::test]
async fn stored_limits_contain_no_personal_data() {
    let lyceum = Store::Postgres.lyceum().await;
    let visitor = lyceum.anonymous();
    visitor.signs_in_as("ada@school.test", "wrong").await.is(401);
    visitor.forgets_password("ada@school.test").await;
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT to_jsonb(limits)::text FROM limits").fetch_all(&lyceum.database).await.unwrap();
    assert_eq!(rows.len(), 5, "{rows:?}"); // two routes, two counts of failures, one budget of mails
    assert!(rows.iter().all(|row| !row.contains("school") && !row.contains(&visitor.address)), "{rows:?}");
}

#[tokio::test]
async fn maintenance_removes_expired_limits() {
    let lyceum = Store::Postgres.lyceum().await;
    call(&lyceum.anonymous()).await;
    lyceum.clock.advance(TimeDelta::seconds(3));
    assert_eq!(lyceum.run("maintain", json!({})).await["rows_removed"]["limits"], 1);
    assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, 0);
}
