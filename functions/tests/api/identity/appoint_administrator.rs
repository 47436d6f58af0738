use serde_json::{Value, json};

use crate::harness::{Deployment, FIRST_PASSWORD, Lyceum};

const ADA: &str = "ada@school.test";

async fn administrators(lyceum: &Lyceum) -> Vec<(String, String)> {
    sqlx::query_as("SELECT u.email, username FROM users u JOIN roles r ON r.id = role_id WHERE r.name = 'admin'")
        .fetch_all(&lyceum.database)
        .await
        .unwrap()
}

fn asked(deployment: &Deployment, kind: &str) -> Value {
    let mut event = deployment.event(kind);
    event["ResourceProperties"] = json!({ "Email": ADA });
    event
}

#[tokio::test]
async fn the_first_deployment_makes_one_who_chooses_a_password_by_the_mailed_link() {
    let (lyceum, deployment) = (Lyceum::new().await, Deployment::start(0).await);
    assert_eq!(lyceum.run("appoint-administrator", asked(&deployment, "Create")).await, Value::Null);
    let answer = deployment.answer();
    assert_eq!((&answer["Status"], &answer["PhysicalResourceId"]), (&json!("SUCCESS"), &json!("administrator")));
    assert_eq!(administrators(&lyceum).await, [(ADA.to_owned(), "ada".to_owned())]);
    assert_eq!(lyceum.audited("user.create_administrator").await.len(), 1);
    assert_eq!(lyceum.wakes(), 1, "deliver-mail was woken");

    let anonymous = lyceum.anonymous();
    let token = lyceum.token_mailed_to(ADA).await;
    anonymous.resets_password(&token, FIRST_PASSWORD).await.is(204);
    let pair = anonymous.signs_in_as(ADA, FIRST_PASSWORD).await.ok();
    anonymous.with_token(pair["access_token"].as_str().unwrap()).get("/v1/users").await.ok();
}

#[tokio::test]
async fn later_deployments_make_no_second_one_and_the_last_takes_none_away() {
    let (lyceum, deployment) = (Lyceum::new().await, Deployment::start(0).await);
    for kind in ["Create", "Create", "Update", "Delete"] {
        lyceum.run("appoint-administrator", asked(&deployment, kind)).await;
        assert_eq!(deployment.answer()["Status"], "SUCCESS", "{kind}");
        assert_eq!(administrators(&lyceum).await.len(), 1, "{kind}");
    }
    assert_eq!(lyceum.audited("user.create_administrator").await.len(), 1);
}

#[tokio::test]
async fn what_is_no_email_is_told_to_the_deployment() {
    let (lyceum, deployment) = (Lyceum::new().await, Deployment::start(0).await);
    let mut event = asked(&deployment, "Create");
    event["ResourceProperties"]["Email"] = json!("ada");
    lyceum.run("appoint-administrator", event).await;
    let answer = deployment.answer();
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().contains("ada"), "{answer}");
    assert!(administrators(&lyceum).await.is_empty());
}

#[tokio::test]
async fn by_hand_another_is_made_even_if_no_username_follows_from_the_email() {
    let lyceum = Lyceum::new().await;
    let made = lyceum.run("appoint-administrator", json!({ "email": ADA })).await;
    assert!(made["user_id"].is_string(), "{made}");
    lyceum.run("appoint-administrator", json!({ "email": "a@school.test" })).await;
    let usernames: Vec<_> = administrators(&lyceum).await.into_iter().map(|(_, username)| username).collect();
    assert_eq!(usernames, ["ada", "administrator"]);
    assert_eq!(lyceum.run("appoint-administrator", json!({ "email": ADA })).await["user_id"], Value::Null);
}
