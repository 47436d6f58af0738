//! What `docs/security.md`, 3 and 4, demand of it is in `security`; how many mails somebody gets, in `limits/mails.rs`.

use serde_json::{Value, json};

use crate::harness::{Lyceum, PASSWORD};

#[tokio::test]
async fn whoever_forgot_is_mailed_a_link_and_it_is_audited() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let visitor = lyceum.anonymous();
    visitor.forgets_password(&format!("  {} ", student.email.to_uppercase())).await;
    let mails = lyceum.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Choose a new password");
    assert!(mails[0].text.contains("https://school.test/reset-password?token="), "{}", mails[0].text);

    let asked = lyceum.audited("user.forgot_password").await;
    assert_eq!(asked[0]["resource_id"], student.id);
    assert_eq!(asked[0]["user_id"], Value::Null, "nobody knows who asked");
    assert_eq!(asked[0]["ip_address"], visitor.address);
    student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn nobody_is_mailed_who_has_no_account_that_works() {
    let lyceum = Lyceum::new().await;
    let (admin, suspended, closed) = (lyceum.admin().await, lyceum.student().await, lyceum.student().await);
    admin.patch(&format!("/v1/users/{}", suspended.id), json!({ "is_active": false })).await.ok();
    admin.delete(&format!("/v1/users/{}", closed.id)).await.no_content();
    let before = lyceum.mails().await.len();
    for email in [&suspended.email, &closed.email, "nobody@school.test"] {
        lyceum.anonymous().forgets_password(email).await;
    }
    assert_eq!(lyceum.mails().await.len(), before);
    assert_eq!(lyceum.audited("user.forgot_password").await.len(), 3);
}

#[tokio::test]
async fn asking_ends_no_session_and_changes_no_password() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    lyceum.anonymous().forgets_password(&student.email).await;
    lyceum.mails().await;
    student.get("/v1/me").await.ok();
    student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn the_mail_is_not_sent_to_who_was_suspended_meanwhile() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    lyceum.anonymous().forgets_password(&student.email).await;
    lyceum.change("UPDATE users SET is_active = false WHERE id = $1", &student.id).await;
    assert!(lyceum.mails().await.is_empty());
    assert_eq!(lyceum.count("SELECT count(*) FROM password_reset_tokens").await, 0);
}

#[tokio::test]
async fn a_body_that_is_wrong_is_told() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    for path in ["/v1/auth/forgot-password", "/v1/auth/resend-verification"] {
        assert_eq!(visitor.post(path, json!({})).await.faults(), ["/email required"]);
        assert_eq!(visitor.post(path, json!({ "email": "no" })).await.faults(), ["/email invalid_email"]);
        assert_eq!(visitor.post(path, json!({ "email": ["a@b.test"] })).await.faults(), ["/email wrong_type"]);
        let extra = json!({ "email": "a@b.test", "redirect": "https://evil.test" });
        assert_eq!(visitor.post(path, extra).await.faults(), ["/redirect unknown_field"]);
    }
}
