use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{FIRST_PASSWORD, Lyceum, at_once, how_many};

#[tokio::test]
async fn a_token_works_once() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.no_content();
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.problem(422, "invalid-token");
    assert_eq!(lyceum.audited("user.verify_email").await.len(), 1);
}

#[tokio::test]
async fn a_token_ends_after_24_hours() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    lyceum.clock.advance(TimeDelta::hours(24));
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.problem(422, "invalid-token");
}

#[tokio::test]
async fn of_64_at_once_one_verifies() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    let statuses = at_once(64, |_| {
        let (visitor, token) = (lyceum.anonymous(), token.clone());
        async move { visitor.verifies(&token).await.status }
    })
    .await;
    assert_eq!(how_many(&statuses, 204), 1, "{statuses:?}");
    assert_eq!(how_many(&statuses, 422), 63, "{statuses:?}");
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_stored() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    let stored: String =
        sqlx::query_scalar("SELECT token FROM email_verification_tokens").fetch_one(&lyceum.database).await.unwrap();
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

#[tokio::test]
async fn opening_the_link_changes_nothing() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    visitor.get(&format!("/v1/auth/verify-email?token={token}")).await.problem(405, "method-not-allowed");
    visitor.signs_in_as("ada", FIRST_PASSWORD).await.problem(401, "invalid-credentials");
    visitor.verifies(&token).await.no_content();
    visitor.signs_in_as("ada", FIRST_PASSWORD).await.ok();
}

#[tokio::test]
async fn what_it_changed_is_audited() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    visitor.verifies(&lyceum.token_mailed_to("ada@school.test").await).await.no_content();
    let verified = lyceum.audited("user.verify_email").await;
    assert_eq!(verified[0]["user_id"], verified[0]["resource_id"]);
    assert_eq!(verified[0]["changes"], json!({ "is_email_verified": { "from": false, "to": true } }));
    assert_eq!(verified[0]["ip_address"], visitor.address);
}

#[tokio::test]
async fn verifying_frees_a_suspended_account_from_nothing() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    sqlx::query("UPDATE users SET is_active = false").execute(&lyceum.database).await.unwrap();
    visitor.verifies(&token).await;
    visitor.signs_in_as("ada", FIRST_PASSWORD).await.problem(401, "invalid-credentials");
}
