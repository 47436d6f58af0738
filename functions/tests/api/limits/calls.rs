//! How often an address may call what takes a secret or sends a mail (`docs/security.md`, 2).

use chrono::TimeDelta;
use http::Method;
use lyceum::http::Access;
use serde_json::json;

use crate::harness::{Caller, Store, at_once, how_many, on_both_stores};

on_both_stores!(
    an_address_has_twenty_calls_of_a_route_and_then_one_each_three_seconds,
    each_address_and_each_route_counts_apart,
    of_64_at_once_from_one_address_twenty_get_through,
    ipv6_counts_by_its_network,
    signed_in_calls_that_take_the_password_are_limited_too,
);

/// A call that is refused for what it says, where it is not refused for being one too many.
async fn call(caller: &Caller) -> (u16, String) {
    let answer = caller.verifies("no such token").await;
    (answer.status, answer.header("retry-after").to_owned())
}

const LET_THROUGH: (u16, String) = (422, String::new());

fn refused(seconds: u32) -> (u16, String) {
    (429, seconds.to_string())
}

async fn an_address_has_twenty_calls_of_a_route_and_then_one_each_three_seconds(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    for _ in 0..20 {
        assert_eq!(call(&visitor).await, LET_THROUGH);
    }
    for _ in 0..3 {
        assert_eq!(call(&visitor).await, refused(3), "being refused costs nothing more");
    }
    lyceum.clock.advance(TimeDelta::milliseconds(500));
    assert_eq!(call(&visitor).await, refused(3), "never told too early");
    lyceum.clock.advance(TimeDelta::milliseconds(1501));
    assert_eq!(call(&visitor).await, refused(1));
    lyceum.clock.advance(TimeDelta::milliseconds(999));
    assert_eq!(call(&visitor).await, LET_THROUGH);
    assert_eq!(call(&visitor).await, refused(3));
    lyceum.clock.advance(TimeDelta::minutes(10));
    for _ in 0..20 {
        assert_eq!(call(&visitor).await, LET_THROUGH);
    }
    visitor.verifies("no such token").await.problem(429, "too-many-requests");
}

async fn each_address_and_each_route_counts_apart(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    for _ in 0..20 {
        call(&visitor).await;
    }
    assert_eq!(call(&visitor).await, refused(3));
    assert_eq!(call(&lyceum.anonymous()).await, LET_THROUGH);
    visitor.forgets_password("nobody@school.test").await;
    visitor.get("/v1/courses").await.ok();
}

async fn of_64_at_once_from_one_address_twenty_get_through(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    let outcomes = at_once(64, |_| {
        let visitor = visitor.clone();
        async move { call(&visitor).await }
    })
    .await;
    assert_eq!(how_many(&outcomes, LET_THROUGH), 20, "{outcomes:?}");
    assert_eq!(how_many(&outcomes, refused(3)), 44, "{outcomes:?}");
}

async fn ipv6_counts_by_its_network(store: Store) {
    let lyceum = store.lyceum().await;
    let visitor = lyceum.anonymous();
    for number in 0..20 {
        assert_eq!(call(&visitor.at(&format!("2001:db8:1:1::{number:x}"))).await, LET_THROUGH);
    }
    assert_eq!(call(&visitor.at("2001:db8:1:1:ffff:ffff:ffff:ffff")).await, refused(3));
    assert_eq!(call(&visitor.at("2001:0DB8:0001:0001::1")).await, refused(3), "however it is written");
    assert_eq!(call(&visitor.at("2001:db8:1:2::1")).await, LET_THROUGH);
    for number in 1..=21 {
        let mapped = visitor.at(&format!("::ffff:192.0.2.{number}"));
        assert_eq!(call(&mapped).await, LET_THROUGH, "an IPv4 address in IPv6's clothes is one of its own");
    }
    for _ in 0..19 {
        assert_eq!(call(&visitor.at("192.0.2.1")).await, LET_THROUGH);
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
async fn the_store_of_limits_is_no_list_of_people() {
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
async fn maintenance_removes_what_would_allow_everything_by_now() {
    let lyceum = Store::Postgres.lyceum().await;
    call(&lyceum.anonymous()).await;
    lyceum.clock.advance(TimeDelta::seconds(3));
    assert_eq!(lyceum.run("maintain", json!({})).await["rows_removed"]["limits"], 1);
    assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, 0);
}
