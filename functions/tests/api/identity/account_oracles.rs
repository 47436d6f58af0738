//! Nothing that a stranger can do or read tells whether an address has an account. Protects against H2.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Caller, FIRST_PASSWORD, Lyceum, PASSWORD, new_user};

const FREE: &str = "free@school.test";
const UNVERIFIED: &str = "unverified@school.test";
const INVITED: &str = "invited@school.test";

/// One address of each kind: verified, unverified, invited, closed, and free.
async fn addresses(lyceum: &Arc<Lyceum>) -> Vec<String> {
    let (admin, verified, closed) = (lyceum.admin().await, lyceum.student().await, lyceum.student().await);
    closed.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content();
    lyceum.anonymous().register("unverified").await;
    let invited = json!({ "email": INVITED, "username": "invited", "first_name": "I", "last_name": "N" });
    admin.post("/v1/users", invited).await.created();
    [&*verified.email, &*closed.email, UNVERIFIED, INVITED, FREE].map(str::to_owned).to_vec()
}

#[tokio::test]
async fn registering_an_address_and_signing_in_with_it_answers_alike_for_all_addresses() {
    let lyceum = Lyceum::new().await;
    for (number, email) in addresses(&lyceum).await.into_iter().enumerate() {
        let (stranger, username) = (lyceum.anonymous(), format!("stranger{number}"));
        let mut body = new_user(&username);
        body["email"] = json!(email);
        assert_eq!(stranger.post("/v1/auth/register", body).await.is(202).text, "");
        for identifier in [&email, &username] {
            let refused = stranger.signs_in_as(identifier, FIRST_PASSWORD).await.problem(401, "invalid-credentials");
            assert!(refused["detail"].as_str().unwrap().contains("not verified"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_username_is_held_alike_for_all_addresses() {
    let lyceum = Lyceum::new().await;
    let mut held = Vec::new();
    for email in addresses(&lyceum).await {
        let mut statuses = Vec::new();
        for number in 0..5 {
            // More often than mails may be sent, and each time under another username.
            let mut body = new_user(&format!("{}-{number}", email.replace(['@', '.'], "-")));
            body["email"] = json!(email);
            lyceum.anonymous().post("/v1/auth/register", body.clone()).await.is(202);
            body["email"] = json!("another@school.test");
            statuses.push(lyceum.anonymous().post("/v1/auth/register", body).await.status);
        }
        held.push((email, statuses));
    }
    for (email, statuses) in &held {
        let sent_before = usize::from(email == UNVERIFIED); // by its registration
        assert_eq!(statuses.iter().filter(|status| **status == 409).count() + sent_before, 3, "{held:?}");
    }
}

/// A stranger spends the budget of mails first, by other calls than registrations.
#[tokio::test]
async fn a_username_is_held_alike_when_the_budget_of_mails_is_spent() {
    let lyceum = Lyceum::new().await;
    let mut held = Vec::new();
    for (number, email) in addresses(&lyceum).await.into_iter().enumerate() {
        for _ in 0..3 {
            lyceum.anonymous().post("/v1/auth/resend-verification", json!({ "email": email })).await.is(202);
        }
        let mut statuses = Vec::new();
        for attempt in 0..2 {
            let mut body = new_user(&format!("wanted{number}-{attempt}"));
            body["email"] = json!(email);
            lyceum.anonymous().post("/v1/auth/register", body.clone()).await.is(202);
            body["email"] = json!("another@school.test");
            statuses.push(lyceum.anonymous().post("/v1/auth/register", body).await.status);
        }
        // The registration of the unverified address took its mail of the day.
        held.push(if email == UNVERIFIED { [409, 202].to_vec() } else { statuses });
    }
    assert!(held.iter().all(|statuses| *statuses == [409, 202]), "{held:?}");
}

/// What the caller's export says of mails and of the email that waits.
async fn exported(caller: &Caller) -> Value {
    let export = caller.get("/v1/me/export").await.ok();
    let mails: Vec<Value> = export["mails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| json!({ "purpose": mail["purpose"], "to": mail["recipient"], "sent": mail["delivered_at"].is_string() }))
        .collect();
    json!({ "awaited": export["awaited_email"], "mails": mails })
}

#[tokio::test]
async fn asking_for_a_new_email_leaves_the_same_traces_for_all_addresses() {
    let lyceum = Lyceum::new().await;
    let mut traces = Vec::new();
    for email in addresses(&lyceum).await {
        let asker = lyceum.student().await;
        asker.put("/v1/me/email", json!({ "email": email, "password": PASSWORD })).await.is(202);
        lyceum.mails().await;
        let seen = exported(&asker).await.to_string();
        traces.push(seen.replace(&email, "ADDRESS").replace(&asker.email, "OWN"));
    }
    assert!(traces[0].contains("verify-new-email"), "{traces:#?}");
    assert!(traces.iter().all(|trace| *trace == traces[0]), "{traces:#?}");
}

/// The export shows the mails that the caller caused, and must not show how many others the address got.
#[tokio::test]
async fn a_mail_that_is_withheld_leaves_the_same_traces_as_one_that_is_sent() {
    let lyceum = Lyceum::new().await;
    let asker = lyceum.student().await;
    for _ in 0..5 {
        asker.put("/v1/me/email", json!({ "email": FREE, "password": PASSWORD })).await.is(202);
        lyceum.mails().await;
    }
    let export = asker.get("/v1/me/export").await.ok();
    let mails = export["mails"].as_array().unwrap();
    let to_free: Vec<_> = mails.iter().filter(|mail| mail["recipient"] == FREE).collect();
    assert_eq!(to_free.len(), 5);
    assert!(to_free.iter().all(|mail| mail["delivered_at"].is_string()), "{to_free:?}");
    let sent = lyceum.mails().await;
    assert_eq!(sent.iter().filter(|mail| mail.to == FREE).count(), 3);
}

/// A budget of mails that only accounts spend would tell: the export shows whether a mail was sent.
#[tokio::test]
async fn asking_for_mails_spends_the_budget_of_all_addresses_alike() {
    for path in ["/v1/auth/resend-verification", "/v1/auth/forgot-password"] {
        let mut traces = Vec::new();
        for email in [UNVERIFIED, INVITED, FREE] {
            let lyceum = Lyceum::new().await;
            addresses(&lyceum).await;
            let asker = lyceum.student().await;
            for _ in 0..4 {
                lyceum.anonymous().post(path, json!({ "email": email })).await.is(202);
            }
            asker.put("/v1/me/email", json!({ "email": email, "password": PASSWORD })).await.is(202);
            traces.push(exported(&asker).await.to_string().replace(email, "ADDRESS").replace(&asker.email, "OWN"));
        }
        assert!(traces.iter().all(|trace| *trace == traces[0]), "{path}: {traces:#?}");
    }
}

#[tokio::test]
async fn the_owner_of_a_new_email_that_is_taken_gets_a_mail_without_a_link() {
    let lyceum = Lyceum::new().await;
    let (owner, asker) = (lyceum.student().await, lyceum.student().await);
    asker.put("/v1/me/email", json!({ "email": owner.email, "password": PASSWORD })).await.is(202);
    let mails = lyceum.mails().await;
    let mail = mails.iter().find(|mail| mail.to.contains(&owner.email)).expect("a mail");
    assert_eq!(mail.subject, "You already have an account");
    assert!(!mail.text.contains("token="), "{}", mail.text);
}
