//! Redis fails while Lyceum runs. Limits remain in force, and everything works (`docs/security.md`, 28).

use std::sync::Arc;

use crate::harness::{Lyceum, PASSWORD, RedisServer, needs_program};

async fn with(redis: &RedisServer) -> Arc<Lyceum> {
    let url = redis.url.clone();
    Lyceum::with(move |name| (name == "REDIS_URL").then(|| url.clone())).await
}

#[tokio::test]
async fn everything_works_without_redis_and_limits_still_hold() {
    needs_program!("redis-server");
    let mut redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let student = lyceum.student().await;
    assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, 0, "Redis counts");
    redis.kill();

    let tokens = student.sign_in(PASSWORD).await.ok();
    student.refreshes(tokens["refresh_token"].as_str().unwrap()).await.ok();
    student.get("/v1/me").await.ok();
    student.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    student.resets_password(&token, "quite another sentence").await.no_content();

    let visitor = lyceum.anonymous();
    for _ in 0..5 {
        visitor.signs_in_as(&student.email, "wrong").await.is(401);
    }
    let answer = visitor.signs_in_as(&student.email, "quite another sentence").await.is(429);
    assert_eq!(answer.header("retry-after"), "2");
    for _ in 0..20 {
        visitor.verifies("no").await.is(422);
    }
    assert_eq!(visitor.verifies("no").await.is(429).header("retry-after"), "3");
}

#[tokio::test]
async fn waiting_times_remain_in_force_when_redis_fails() {
    needs_program!("redis-server");
    let mut redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..5 {
        visitor.signs_in_as(&student.email, "wrong").await.is(401);
    }
    for _ in 0..20 {
        visitor.verifies("no").await.is(422);
    }
    assert_eq!(visitor.signs_in_as(&student.email, PASSWORD).await.is(429).header("retry-after"), "2");
    assert_eq!(visitor.verifies("no").await.is(429).header("retry-after"), "3");
    redis.kill();
    assert_eq!(visitor.signs_in_as(&student.email, PASSWORD).await.is(429).header("retry-after"), "2");
    assert_eq!(visitor.verifies("no").await.is(429).header("retry-after"), "3");

    lyceum.clock.advance(chrono::TimeDelta::seconds(3));
    visitor.verifies("no").await.is(422);
    visitor.verifies("no").await.is(429);
    visitor.signs_in_as(&student.email, "wrong").await.is(401);
    assert_eq!(visitor.signs_in_as(&student.email, "wrong").await.is(429).header("retry-after"), "4");
}

#[tokio::test]
async fn limits_hold_if_redis_was_never_available() {
    let lyceum = Lyceum::with(|name| (name == "REDIS_URL").then(|| "redis://127.0.0.1:9".to_owned())).await;
    let visitor = lyceum.anonymous();
    for _ in 0..5 {
        visitor.signs_in_as("ada", "wrong").await.is(401);
    }
    visitor.signs_in_as("ada", "wrong").await.problem(429, "too-many-requests");
}

#[tokio::test]
async fn limits_hold_if_redis_does_not_answer() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap(); // accepts connections and never answers
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let lyceum = Lyceum::with(|name| (name == "REDIS_URL").then(|| url.clone())).await;
    let visitor = lyceum.anonymous();
    for _ in 0..5 {
        visitor.signs_in_as("ada", "wrong").await.is(401);
    }
    visitor.signs_in_as("ada", "wrong").await.problem(429, "too-many-requests");
}
