use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum};

async fn resend(visitor: &Caller, email: &str) {
    let answer = visitor.post("/v1/auth/resend-verification", json!({ "email": email })).await.is(202);
    assert_eq!(answer.text, "");
}

#[tokio::test]
async fn whoever_waits_to_be_verified_is_mailed_another_link() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    assert_eq!(lyceum.mails().await.len(), 1);
    resend(&visitor, "ADA@school.test").await;
    assert_eq!(lyceum.mails().await.len(), 2);
    let token = lyceum.token_mailed_to("ada@school.test").await;
    visitor.verifies(&token).await.no_content();

    let asked = lyceum.audited("user.resend_verification").await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["user_id"], Value::Null);
    assert!(asked[0]["resource_id"].is_string());
    assert_eq!(asked[0]["ip_address"], visitor.address);
}

#[tokio::test]
async fn nobody_else_is_mailed() {
    let lyceum = Lyceum::new().await;
    let (verified, visitor) = (lyceum.student().await, lyceum.anonymous());
    resend(&visitor, &verified.email).await;
    resend(&visitor, "nobody@school.test").await;
    visitor.register("ada").await;
    lyceum.mails().await;
    sqlx::query("UPDATE users SET is_active = false WHERE username = 'ada'").execute(&lyceum.database).await.unwrap();
    resend(&visitor, "ada@school.test").await;
    assert_eq!(lyceum.mails().await.len(), 1, "the registration's own");
}

#[tokio::test]
async fn a_mail_that_is_not_needed_any_more_is_not_sent() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    resend(&visitor, "ada@school.test").await;
    visitor.verifies(&token).await.no_content();
    assert_eq!(lyceum.mails().await.len(), 1);
}
