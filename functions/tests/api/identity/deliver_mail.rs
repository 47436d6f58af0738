use std::path::Path;

use chrono::TimeDelta;
use lyceum_local::mailbox::Mailbox;
use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum, new_user};

async fn register(visitor: &Caller) {
    let mut body = new_user("ada");
    body["first_name"] = json!("Ada <b>");
    visitor.post("/v1/auth/register", body).await.is(202);
}

/// A mail server that can go, with all its connections, and come back on its port.
struct MailServer {
    runtime: Option<tokio::runtime::Runtime>,
    mailbox: Mailbox,
}

impl MailServer {
    async fn start(folder: &Path, port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = folder.to_owned();
        let mailbox = runtime.spawn(async move { Mailbox::start(&folder, port).await.unwrap() }).await.unwrap();
        Self { runtime: Some(runtime), mailbox }
    }

    fn port(&self) -> u16 {
        self.mailbox.url().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    async fn stop(self) {
        let port = self.port();
        drop(self);
        while tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_err() {
            tokio::task::yield_now().await; // its threads are still ending
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the outbox says of its only row.
async fn row(lyceum: &Lyceum) -> Value {
    sqlx::query_scalar("SELECT to_jsonb(outbox) FROM outbox").fetch_one(&lyceum.database).await.unwrap()
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

#[tokio::test]
async fn with_the_mail_server_away_registration_is_202_and_the_mail_arrives_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(folder.path(), 0).await;
    let (port, url) = (server.port(), server.mailbox.url());
    let lyceum = Lyceum::with(|name| (name == "SMTP_URL").then(|| url.clone())).await;
    lyceum.anonymous().register("before").await;
    lyceum.mails().await;
    assert_eq!(server.mailbox.newest_first().len(), 1);

    server.stop().await;
    register(&lyceum.anonymous()).await;
    lyceum.mails().await;
    lyceum.clock.advance(TimeDelta::minutes(1));
    lyceum.mails().await;
    assert_eq!(lyceum.count("SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL").await, 1);

    let server = MailServer::start(folder.path(), port).await;
    lyceum.clock.advance(TimeDelta::minutes(4));
    lyceum.mails().await;
    let mails = server.mailbox.newest_first();
    assert_eq!(mails.len(), 2, "once, and to the last of them");
    assert_eq!(mails[0].to, "ada@school.test");
    assert_eq!(lyceum.count("SELECT count(*) FROM outbox WHERE delivered_at IS NULL").await, 0);
}

#[tokio::test]
async fn an_outage_does_not_outlive_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(folder.path(), 0).await;
    let (port, url) = (server.port(), server.mailbox.url());
    let lyceum = Lyceum::with(|name| (name == "SMTP_URL").then(|| url.clone())).await;
    let student = lyceum.student().await;
    server.stop().await;
    student.forgets_password(&student.email).await;
    lyceum.mails().await;
    lyceum.clock.advance(TimeDelta::minutes(45)); // longer than a link lives

    let server = MailServer::start(folder.path(), port).await;
    lyceum.mails().await;
    let mails = server.mailbox.newest_first();
    let (_, token) = mails[0].text.split_once("token=").unwrap();
    let token = token.split_whitespace().next().unwrap();
    lyceum.clock.advance(TimeDelta::minutes(29));
    student.resets_password(token, "quite another sentence").await.no_content();
}

#[tokio::test]
async fn each_retry_comes_at_a_random_time_within_1_4_16_and_64_minutes() {
    let mut first_waits = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let lyceum = Lyceum::with(|name| (name == "SMTP_URL").then(|| "smtp://127.0.0.1:9".to_owned())).await;
        register(&lyceum.anonymous()).await;
        for (attempt, longest) in [(1, 1), (2, 4), (3, 16), (4, 64)] {
            let now = lyceum.clock.now();
            lyceum.mails().await;
            let row = row(&lyceum).await;
            // Any time up to the longest, at once too: then the next attempt followed in the same run.
            let attempts = row["attempts"].as_i64().unwrap();
            assert!(attempts >= attempt, "{row}");
            let due: chrono::DateTime<chrono::Utc> = row["due_at"].as_str().unwrap().parse().unwrap();
            let wait = due - now;
            assert!((TimeDelta::zero()..=TimeDelta::minutes(longest)).contains(&wait), "{attempt}: {wait}");
            if attempt == 1 {
                first_waits.insert(wait);
            }
            lyceum.clock.advance(wait);
        }
    }
    assert!(first_waits.len() > 1, "not all of them at once: {first_waits:?}");
}

#[tokio::test]
async fn a_redrive_makes_what_was_given_up_due_again_and_delivers_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start(folder.path(), 0).await;
    let (port, url) = (server.port(), server.mailbox.url());
    let lyceum = Lyceum::with(|name| (name == "SMTP_URL").then(|| url.clone())).await;
    server.stop().await;
    register(&lyceum.anonymous()).await;
    for _ in 0..5 {
        lyceum.mails().await;
        lyceum.clock.advance(TimeDelta::minutes(65));
    }
    assert!(row(&lyceum).await["dead_at"].is_string());

    let server = MailServer::start(folder.path(), port).await;
    lyceum.mails().await;
    assert!(server.mailbox.newest_first().is_empty(), "given up is given up");
    assert_eq!(lyceum.run("deliver-mail", json!({ "redrive": true })).await, json!({ "redriven": 1 }));
    assert_eq!(server.mailbox.newest_first().len(), 1);
    assert_eq!(lyceum.run("deliver-mail", json!({ "redrive": true })).await, json!({ "redriven": 0 }));
    let audited = lyceum.audited("outbox.redrive").await;
    assert_eq!(audited[0]["changes"], json!({ "redriven": { "from": null, "to": 1 } }));
    let row = row(&lyceum).await;
    assert!(row["dead_at"].is_null() && row["delivered_at"].is_string() && row["last_error"].is_null(), "{row}");
}

#[tokio::test]
async fn one_mail_that_cannot_be_written_stops_no_other() {
    let lyceum = Lyceum::new().await;
    register(&lyceum.anonymous()).await;
    lyceum.anonymous().register("bob").await;
    lyceum.anonymous().register("cyd").await;
    // A purpose that a newer version wrote, and an address that no mail can go to: both due before the others.
    for sql in [
        "UPDATE outbox SET purpose = 'of-a-newer-version', due_at = '2026-11-22' WHERE user_id =
           (SELECT id FROM users WHERE username = 'ada')",
        "UPDATE outbox SET recipient = 'no address', due_at = '2026-11-22' WHERE user_id =
           (SELECT id FROM users WHERE username = 'bob')",
    ] {
        sqlx::query(sql).execute(&lyceum.database).await.unwrap();
    }
    let mails = lyceum.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "cyd@school.test");
    assert_eq!(lyceum.count("SELECT count(*) FROM outbox WHERE last_error IS NOT NULL AND attempts = 1").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_runs_at_once_each_mail_is_sent_by_one() {
    let lyceum = Lyceum::new().await;
    for number in 0..20 {
        lyceum.anonymous().register(&format!("user{number}")).await;
    }
    crate::harness::at_once(16, |_| {
        let lyceum = lyceum.clone();
        async move { lyceum.mails().await.len() }
    })
    .await;
    let mut recipients: Vec<_> = lyceum.mails().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(recipients.len(), 20);
    recipients.sort();
    recipients.dedup();
    assert_eq!(recipients.len(), 20);
}

#[tokio::test]
async fn attempts_that_ended_without_a_word_count_too() {
    let lyceum = Lyceum::new().await;
    register(&lyceum.anonymous()).await;
    // As five runs leave it that crashed, or ran out of time, in the middle.
    sqlx::query("UPDATE outbox SET attempts = 5").execute(&lyceum.database).await.unwrap();
    assert!(lyceum.mails().await.is_empty());
    assert!(row(&lyceum).await["dead_at"].is_string());
    lyceum.run("deliver-mail", json!({ "redrive": true })).await;
    assert_eq!(lyceum.mails().await.len(), 1);
}
