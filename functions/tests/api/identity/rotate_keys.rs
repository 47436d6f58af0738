use std::os::unix::fs::PermissionsExt;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, Deployment, Lyceum, PASSWORD};

async fn rotate(lyceum: &Lyceum, event: Value) -> String {
    let report = lyceum.run("rotate-keys", event).await;
    report["kid"].as_str().expect("the new key's name").to_owned()
}

async fn published(lyceum: &std::sync::Arc<Lyceum>) -> Vec<String> {
    let keys = lyceum.anonymous().get("/.well-known/jwks.json").await.ok();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The name of the key that signed the token.
fn kid(caller: &Caller) -> String {
    use base64::Engine;
    let header = caller.token().split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn new_tokens_are_signed_by_the_new_key_and_old_ones_verify_until_they_expire() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let old = kid(&student);
    let new = rotate(&lyceum, json!({})).await;
    assert_ne!(new, old);
    assert_eq!(published(&lyceum).await.len(), 2);
    student.get("/v1/me").await.ok();
    let again = student.again().await;
    assert_eq!(kid(&again), new);
    again.get("/v1/me").await.ok();

    lyceum.clock.advance(TimeDelta::minutes(15));
    student.get("/v1/me").await.ok();
    lyceum.clock.advance(TimeDelta::minutes(46));
    assert_eq!(published(&lyceum).await, [new], "an hour later the old one is gone");
    let rows = lyceum.audited("signing_key.rotate").await;
    assert_eq!((rows.len(), lyceum.audited("signing_key.publish").await.len()), (1, 1));
}

#[tokio::test]
async fn nobodys_session_ends_with_a_key() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let refresh = student.sign_in(PASSWORD).await.ok()["refresh_token"].clone();
    rotate(&lyceum, json!({})).await;
    rotate(&lyceum, json!({})).await;
    student.get("/v1/me").await.ok();
    let pair = student.post("/v1/auth/refresh", json!({ "refresh_token": refresh })).await.ok();
    student.with_token(pair["access_token"].as_str().unwrap()).get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_compromised_key_verifies_nothing_from_the_next_call_on() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.get("/v1/me").await.ok(); // its verifier knows the key by now
    let refresh = student.sign_in(PASSWORD).await.ok()["refresh_token"].clone();
    let new = rotate(&lyceum, json!({ "compromised": true })).await;
    student.get("/v1/me").await.problem(401, "unauthorized");
    assert_eq!(published(&lyceum).await, std::slice::from_ref(&new));
    let pair = student.post("/v1/auth/refresh", json!({ "refresh_token": refresh })).await.ok();
    let again = student.with_token(pair["access_token"].as_str().unwrap());
    assert_eq!(kid(&again), new);
    again.get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_compromised_key_goes_at_once_even_while_it_was_on_its_way_out() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    rotate(&lyceum, json!({})).await;
    student.get("/v1/me").await.ok();
    let new = rotate(&lyceum, json!({ "compromised": true })).await;
    student.get("/v1/me").await.problem(401, "unauthorized");
    assert_eq!(published(&lyceum).await, [new]);
}

#[tokio::test]
async fn what_verifiers_get_is_public_halves_with_their_names_and_use() {
    let lyceum = Lyceum::new().await;
    rotate(&lyceum, json!({})).await;
    let answer = lyceum.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    let keys = answer.ok();
    for key in keys["keys"].as_array().unwrap() {
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
            (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig"))
        );
        assert!(key["d"].is_null(), "no private half");
        assert!(key["kid"].is_string() && key["x"].is_string() && key["y"].is_string(), "{key}");
    }
}

#[tokio::test]
async fn the_file_of_the_private_key_is_for_its_owner_alone_and_whole() {
    let lyceum = Lyceum::new().await;
    let file = lyceum.signing_key_file();
    let before = std::fs::read_to_string(&file).unwrap();
    for _ in 0..2 {
        rotate(&lyceum, json!({})).await;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let after = std::fs::read_to_string(&file).unwrap();
    assert_ne!(before, after);
    assert!(after.starts_with("-----BEGIN PRIVATE KEY-----"));
    let beside: Vec<_> =
        std::fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().ends_with(".new")), "{beside:?}");
}

/// Another process, as each Lambda is one, rotated: this one has its key in memory.
#[tokio::test]
async fn a_running_signer_takes_up_the_new_key_with_the_very_next_signature() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let old = kid(&student);
    let pem = lyceum::identity::keys::generate_pem().unwrap();
    let new = lyceum::identity::keys::SigningKey::from_pem(pem.as_bytes()).unwrap();
    new.publish_as_owner(&mut lyceum.database.acquire().await.unwrap()).await.unwrap();
    std::fs::write(lyceum.signing_key_file(), pem).unwrap();
    assert_eq!(kid(&student.again().await), old, "it has not taken the old one's place yet");
    let replaced = sqlx::query("UPDATE signing_keys SET retired_at = '2026-11-23T20:56:00Z' WHERE kid = $1").bind(&old);
    replaced.execute(&lyceum.database).await.unwrap();
    let again = student.again().await;
    assert_eq!(kid(&again), new.kid());
    again.get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_key_that_cannot_be_read_again_signs_on_and_its_loss_shows_nowhere() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    std::fs::write(lyceum.signing_key_file(), "no key").unwrap();
    lyceum.clock.advance(TimeDelta::minutes(6));
    let again = student.again().await;
    assert_eq!(kid(&again), kid(&student));
    again.get("/v1/me").await.ok();
}

#[tokio::test]
async fn the_first_deployment_makes_a_key_and_the_others_leave_it_alone() {
    let (lyceum, deployment) = (Lyceum::new().await, Deployment::start(0).await);
    let file = lyceum.signing_key_file();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(lyceum.run("rotate-keys", deployment.event("Create")).await, Value::Null);
    let answer = deployment.answer();
    assert_eq!((&answer["Status"], &answer["PhysicalResourceId"]), (&json!("SUCCESS"), &json!("signing-key")));
    assert!(!answer.to_string().contains("PRIVATE"), "{answer}");
    let made = std::fs::read_to_string(&file).unwrap();
    for kind in ["Update", "Delete"] {
        lyceum.run("rotate-keys", deployment.event(kind)).await;
        assert_eq!(deployment.answer()["Status"], "SUCCESS");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), made, "{kind}");
    }
    kid(&lyceum.student().await);
}
