use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Caller, Lyceum};

async fn register(visitor: &Caller) {
    let body = json!({
        "email": "ada@school.test", "username": "ada", "password": "a long enough sentence",
        "first_name": "Ada <b>", "last_name": "Löwe",
    });
    visitor.post("/v1/auth/register", body).await.is(202);
}

#[tokio::test]
async fn a_mail_has_a_text_and_html_and_a_link_from_configuration_alone() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous().with_header("host", "evil.test").with_header("x-forwarded-host", "evil.test");
    register(&visitor).await;
    let mails = lyceum.mails().await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.subject, "Please verify your email");
    assert!(mail.text.contains("https://school.test/verify-email?token="), "{}", mail.text);
    assert!(mail.html.contains("href=\"https://school.test/verify-email?token="), "{}", mail.html);
    assert!(
        mail.html.contains("Ada &#60;b&#62;") || mail.html.contains("Ada &lt;b&gt;"),
        "names are escaped: {}",
        mail.html
    );
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"));
}

#[tokio::test]
async fn a_mail_is_sent_once() {
    let lyceum = Lyceum::new().await;
    register(&lyceum.anonymous()).await;
    assert_eq!(lyceum.mails().await.len(), 1);
    lyceum.clock.advance(TimeDelta::hours(3));
    assert_eq!(lyceum.mails().await.len(), 1);
}

#[tokio::test]
async fn with_the_mail_server_away_the_mail_waits_and_is_given_up_after_five_attempts() {
    let lyceum = Lyceum::with(|name| (name == "SMTP_URL").then(|| "smtp://127.0.0.1:9".to_owned())).await;
    register(&lyceum.anonymous()).await;
    for attempt in 1..=7 {
        assert!(lyceum.mails().await.is_empty());
        let attempts: i32 =
            sqlx::query_scalar("SELECT attempts FROM outbox").fetch_one(&lyceum.database).await.unwrap();
        assert_eq!(attempts, attempt.min(5));
        lyceum.clock.advance(TimeDelta::minutes(65));
    }
    assert_eq!(
        lyceum.count("SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL AND last_error IS NOT NULL").await,
        1
    );
}

#[tokio::test]
async fn the_outbox_holds_no_secret() {
    let lyceum = Lyceum::new().await;
    register(&lyceum.anonymous()).await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT to_jsonb(outbox)::text FROM outbox").fetch_all(&lyceum.database).await.unwrap();
    assert!(rows.iter().all(|row| !row.contains(&token)));
}
