use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Caller, Lyceum};

async fn register(visitor: &Caller) {
    let body = json!({
        "email": "ada@school.test", "username": "ada", "password": "a long enough sentence",
        "first_name": "Ada", "last_name": "L",
    });
    visitor.post("/v1/auth/register", body).await.is(202);
}

#[tokio::test]
async fn a_token_works_once() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    register(&visitor).await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.no_content();
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.problem(422, "invalid-token");
    assert_eq!(lyceum.audited("user.verify_email").await.len(), 1);
}

#[tokio::test]
async fn a_token_ends_after_24_hours() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    register(&visitor).await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    lyceum.clock.advance(TimeDelta::hours(24));
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.problem(422, "invalid-token");
}

#[tokio::test]
async fn of_64_at_once_one_verifies() {
    let lyceum = Lyceum::new().await;
    register(&lyceum.anonymous()).await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    let calls = (0..64).map(|_| {
        let (visitor, body) = (lyceum.anonymous(), json!({ "token": token }));
        tokio::spawn(async move { visitor.post("/v1/auth/verify-email", body).await.status })
    });
    let mut statuses = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        statuses.push(call.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 63, "{statuses:?}");
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_stored() {
    let lyceum = Lyceum::new().await;
    register(&lyceum.anonymous()).await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    let stored: String =
        sqlx::query_scalar("SELECT email_verification_token FROM users").fetch_one(&lyceum.database).await.unwrap();
    assert_ne!(stored, token);
    assert_eq!(stored.len(), 64);
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.post("/v1/auth/verify-email", json!({ "token": "no" })).await.problem(422, "invalid-token");
    assert_eq!(visitor.post("/v1/auth/verify-email", json!({})).await.faults(), ["/token required"]);
    assert_eq!(visitor.post("/v1/auth/verify-email", json!({ "token": 5 })).await.faults(), ["/token wrong_type"]);
}
