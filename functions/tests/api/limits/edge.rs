//! The address that limits count: from the gateway, or from the CDN if the call carries its secret (`docs/security.md`, 2).

use std::sync::Arc;

use crate::harness::{Caller, Lyceum, Store};

const SECRET: &str = "only the distribution knows";

async fn behind_a_distribution() -> Arc<Lyceum> {
    Store::Postgres.with(&[("EDGE_SECRET", SECRET), ("LIMIT_CALLS_PER_MINUTE", "2")]).await
}

/// Returns a caller behind the CDN with this address.
fn viewer(lyceum: &Arc<Lyceum>, address: &str) -> Caller {
    lyceum.anonymous().with_header("x-lyceum-edge", SECRET).with_header("cloudfront-viewer-address", address)
}

async fn let_through(caller: &Caller) -> bool {
    match caller.verifies("no").await.status {
        422 => true,
        429 => false,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn without_a_distribution_address_headers_are_ignored() {
    let lyceum = Store::Postgres.with(&[("LIMIT_CALLS_PER_MINUTE", "2")]).await;
    let visitor = lyceum.anonymous();
    let names = ["cloudfront-viewer-address", "x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip"];
    for (calls, name) in names.into_iter().enumerate() {
        let caller = visitor.with_header(name, "192.0.2.1:4711").with_header("x-lyceum-edge", SECRET);
        assert_eq!(let_through(&caller).await, calls < 2, "{name}");
    }
    lyceum.anonymous().with_header("x-forwarded-for", "192.0.2.7").register("ada").await;
    let registered = lyceum.audited("user.register").await;
    assert!(registered[0]["ip_address"].as_str().unwrap().starts_with("10."), "{registered:?}");
}

#[tokio::test]
async fn behind_a_distribution_a_direct_call_is_403() {
    let lyceum = behind_a_distribution().await;
    let visitor = lyceum.anonymous();
    for secret in ["", "only the distribution know", "only the distribution knows!", "ONLY THE DISTRIBUTION KNOWS"] {
        let caller = visitor.with_header("x-lyceum-edge", secret);
        caller.get("/v1/courses").await.problem(403, "forbidden");
        caller.verifies("no").await.problem(403, "forbidden");
    }
    visitor.with_header("cloudfront-viewer-address", "192.0.2.1:1").get("/v1/courses").await.problem(403, "forbidden");
    let twice = visitor.with_header("x-lyceum-edge", SECRET).with_header("x-lyceum-edge", "x");
    twice.get("/v1/courses").await.problem(403, "forbidden");
    for (method, path) in
        [("GET", "/health"), ("GET", "/v1/nothing"), ("PATCH", "/v1/courses"), ("GET", "/openapi.json")]
    {
        visitor.send(method, path, None).await.problem(403, "forbidden");
    }
    visitor.with_header("x-lyceum-edge", SECRET).get("/v1/courses").await.ok();
    assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, 0, "refused calls use up no limit");
}

#[tokio::test]
async fn behind_a_distribution_the_viewers_address_is_counted() {
    let lyceum = behind_a_distribution().await;
    for _ in 0..2 {
        assert!(let_through(&viewer(&lyceum, "192.0.2.1:4711")).await);
    }
    assert!(!let_through(&viewer(&lyceum, "192.0.2.1:1")).await, "the port is ignored");
    let forged = viewer(&lyceum, "192.0.2.1:1").with_header("x-forwarded-for", "192.0.2.99");
    assert!(!let_through(&forged).await);
    assert!(let_through(&viewer(&lyceum, "192.0.2.2:4711")).await);
}

#[tokio::test]
async fn behind_a_distribution_ipv6_addresses_are_counted_by_network() {
    let lyceum = behind_a_distribution().await;
    assert!(let_through(&viewer(&lyceum, "[2001:db8:1:1::1]:443")).await);
    assert!(let_through(&viewer(&lyceum, "2001:db8:1:1::2:443")).await);
    assert!(!let_through(&viewer(&lyceum, "2001:db8:1:1:0:0:0:3:443")).await);
    assert!(let_through(&viewer(&lyceum, "2001:db8:1:2::1:443")).await);
}

#[tokio::test]
async fn behind_a_distribution_the_viewers_address_is_audited() {
    let lyceum = behind_a_distribution().await;
    viewer(&lyceum, "192.0.2.1:4711").register("ada").await;
    assert_eq!(lyceum.audited("user.register").await[0]["ip_address"], "192.0.2.1");
}
