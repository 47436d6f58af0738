//! Password resets, and changes of password and email.

use std::sync::Arc;

use serde_json::json;

use crate::harness::{Caller, Lyceum, PASSWORD, at_once};

const NEW_PASSWORD: &str = "quite another sentence";

async fn reset(lyceum: &Arc<Lyceum>, student: &Caller) -> Caller {
    let elsewhere = lyceum.anonymous();
    elsewhere.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    let answer = elsewhere.resets_password(&token, NEW_PASSWORD).await;
    assert_eq!(answer.header("set-cookie"), "");
    answer.no_content();
    elsewhere
}

#[tokio::test]
async fn a_reset_ends_all_sessions_and_starts_none() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let second = student.sign_in(PASSWORD).await.ok();
    reset(&lyceum, &student).await;
    student.get("/v1/me").await.problem(401, "unauthorized");
    student.with_token(second["access_token"].as_str().unwrap()).get("/v1/me").await.problem(401, "unauthorized");
    student.refreshes(second["refresh_token"].as_str().unwrap()).await.problem(401, "invalid-refresh-token");
    assert_eq!(lyceum.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 0);
    student.sign_in(PASSWORD).await.problem(401, "invalid-credentials");
    student.sign_in(NEW_PASSWORD).await.ok();
}

#[tokio::test]
async fn a_reset_sends_a_notification() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    reset(&lyceum, &student).await;
    let mails = lyceum.mails().await;
    assert_eq!(mails[0].subject, "Your password was changed");
    assert!(mails[0].to.contains(&student.email));
    assert!(!mails[0].text.contains("token="));
}

#[tokio::test]
async fn a_reset_cancels_a_pending_email_change() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.put("/v1/me/email", json!({ "email": "thief@school.test", "password": PASSWORD })).await.is(202);
    let thiefs = lyceum.token_mailed_to("thief@school.test").await;
    reset(&lyceum, &student).await;
    lyceum.anonymous().verifies(&thiefs).await.problem(422, "invalid-token");
    student.sign_in(NEW_PASSWORD).await.ok();
}

/// A sign-in that started before the reset and is still hashing must not create a session after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_sign_in_does_not_survive_a_reset() {
    let lyceum = Lyceum::with(|name| (name == "LIMIT_FAILURES_PER_IDENTIFIER").then(|| "1000".to_owned())).await;
    let student = lyceum.student().await;
    student.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    let statuses = at_once(64, |number| {
        let (visitor, email, token) = (lyceum.anonymous(), student.email.clone(), token.clone());
        async move {
            if number == 20 {
                visitor.resets_password(&token, NEW_PASSWORD).await.status
            } else {
                visitor.signs_in_as(&email, PASSWORD).await.status
            }
        }
    })
    .await;
    assert_eq!(statuses[20], 204);
    assert!(statuses.iter().all(|status| [200, 204, 401].contains(status)), "{statuses:?}");
    assert_eq!(lyceum.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 0, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_email_change_does_not_survive_a_reset() {
    let lyceum =
        Lyceum::with(|name| ["LIMIT_MAILS", "LIMIT_FAILURES_PER_IDENTIFIER"].contains(&name).then(|| "100".to_owned()))
            .await;
    let student = lyceum.student().await;
    student.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    let statuses = at_once(32, |number| {
        let (thief, token) = (student.at(&lyceum.anonymous().address), token.clone());
        async move {
            if number == 10 {
                thief.resets_password(&token, NEW_PASSWORD).await.status
            } else {
                let body = json!({ "email": format!("thief{number}@school.test"), "password": PASSWORD });
                thief.put("/v1/me/email", body).await.status
            }
        }
    })
    .await;
    assert_eq!(statuses[10], 204);
    assert!(statuses.iter().all(|status| [202, 204, 401, 403].contains(status)), "{statuses:?}");
    assert_eq!(lyceum.count("SELECT count(*) FROM email_changes").await, 0, "{statuses:?}");
}

#[tokio::test]
async fn changing_the_password_requires_the_current_one() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let body = json!({ "current_password": "not this one", "new_password": NEW_PASSWORD });
    student.put("/v1/me/password", body).await.problem(403, "wrong-password");
    let faults = student.put("/v1/me/password", json!({ "new_password": NEW_PASSWORD })).await.faults();
    assert_eq!(faults, ["/current_password required"]);
    student.sign_in(PASSWORD).await.ok();
    let refused = lyceum.audited("user.refuse_password").await;
    assert_eq!(refused[0]["user_id"], student.id);
}

#[tokio::test]
async fn changing_the_email_requires_the_password_notifies_the_old_address_and_waits_for_verification() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let body = json!({ "email": "new@school.test", "password": "not this one" });
    student.put("/v1/me/email", body).await.problem(403, "wrong-password");
    assert!(lyceum.mails().await.is_empty());

    let body = json!({ "email": "New@School.test", "password": PASSWORD });
    student.put("/v1/me/email", body).await.is(202);
    let token = lyceum.token_mailed_to("new@school.test").await;
    let mails = lyceum.mails().await;
    let notice = mails.iter().find(|mail| mail.to.contains(&student.email)).expect("a mail to the old address");
    assert_eq!(notice.subject, "Your email is about to change");
    assert!(notice.text.contains("new@school.test") && !notice.text.contains("token="), "{}", notice.text);
    assert_eq!(student.get("/v1/me").await.ok()["email"], student.email);
    lyceum.anonymous().signs_in_as("new@school.test", PASSWORD).await.problem(401, "invalid-credentials");

    lyceum.anonymous().verifies(&token).await.no_content();
    assert_eq!(student.get("/v1/me").await.ok()["email"], "new@school.test");
    lyceum.anonymous().signs_in_as("new@school.test", PASSWORD).await.ok();
    lyceum.anonymous().signs_in_as(&student.email, PASSWORD).await.problem(401, "invalid-credentials");
}
