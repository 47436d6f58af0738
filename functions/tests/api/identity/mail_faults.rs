//! The mail server is slow, breaks off, or falls silent: the mail waits for its next attempt, and comes once
//! (`docs/security.md`, 24 and 28).

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use lyceum_local::mailbox::Mailbox;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::Lyceum;
use crate::harness::fault_proxy::{Fault, FaultProxy};

/// Longer than one run keeps a mail to itself.
const LEASE_OVER: TimeDelta = TimeDelta::seconds(31);

/// A mail server of the test's own, and a Lyceum that reaches it through the proxy.
struct Fixture {
    lyceum: Arc<Lyceum>,
    proxy: FaultProxy,
    mailbox: Mailbox,
    _folder: TempDir,
}

impl Fixture {
    /// With so many seconds for an attempt.
    async fn new(seconds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::start(folder.path(), 0).await.unwrap();
        let address = mailbox.url().trim_start_matches("smtp://").parse().unwrap();
        let proxy = FaultProxy::before(address).await;
        let url = format!("smtp://{}", proxy.address);
        let lyceum = Lyceum::with(|name| match name {
            "SMTP_URL" => Some(url.clone()),
            "MAIL_TIMEOUT_SECONDS" => Some(seconds.to_string()),
            _ => None,
        })
        .await;
        Self { lyceum, proxy, mailbox, _folder: folder }
    }

    /// What the outbox says of the mail to the one who registered last.
    async fn row(&self) -> Value {
        let newest = "SELECT to_jsonb(outbox) FROM outbox ORDER BY id DESC LIMIT 1";
        sqlx::query_scalar(newest).fetch_one(&self.lyceum.database).await.unwrap()
    }

    /// A run of `deliver-mail` that is in the middle of that attempt at its only mail.
    async fn run_at_attempt(&self, attempt: i32) -> impl Future {
        let before = sqlx::query("UPDATE outbox SET attempts = $1").bind(attempt - 1);
        before.execute(&self.lyceum.database).await.unwrap();
        let lyceum = self.lyceum.clone();
        let run = tokio::spawn(async move { lyceum.mails().await });
        while self.row().await["attempts"] != attempt {
            tokio::task::yield_now().await;
        }
        run
    }

    /// Another run once the lease of the first is over, with a mail server that is well; how many mails it sends.
    async fn run_elsewhere(&self, other: &Lyceum) -> usize {
        other.clock.advance(LEASE_OVER);
        other.mails().await.len()
    }
}

#[tokio::test]
async fn line_28_a_mail_server_that_is_silent_slow_or_breaks_off_is_a_failed_attempt_and_each_mail_comes_once() {
    let test = Fixture::new(1).await;
    test.lyceum.anonymous().register("before").await;
    test.lyceum.mails().await; // over a connection that is kept
    let faults = [Fault::Silent, Fault::Slow(Duration::from_millis(400)), Fault::CutAfter(0), Fault::CutAfter(20)];
    for (number, fault) in faults.into_iter().enumerate() {
        test.proxy.set(fault);
        test.lyceum.anonymous().register(&format!("user{number}")).await;
        tokio::time::timeout(Duration::from_secs(3), test.lyceum.mails()).await.expect("an end of the attempt");
        let row = test.row().await;
        assert!(row["last_error"].is_string() && row["delivered_at"].is_null(), "{fault:?}: {row}");
        assert_eq!(row["attempts"], 1, "{fault:?}: {row}");

        test.proxy.set(Fault::None);
        test.lyceum.clock.advance(TimeDelta::minutes(1));
        test.lyceum.mails().await;
        let row = test.row().await;
        assert!(row["delivered_at"].is_string() && row["last_error"].is_null(), "{fault:?}: {row}");
        let mails = test.mailbox.newest_first();
        assert_eq!(mails.len(), 2 + number, "{fault:?}");
        assert_eq!(mails[0].to, format!("user{number}@school.test"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_fails_too_late_says_nothing_of_a_mail_that_another_has_delivered() {
    let test = Fixture::new(2).await;
    let other = test.lyceum.beside(|_| None).await;
    test.lyceum.anonymous().register("ada").await;
    test.proxy.set(Fault::Silent);
    let run = test.run_at_attempt(3).await;
    assert_eq!(test.run_elsewhere(&other).await, 1);
    let delivered = test.row().await;
    assert!(delivered["delivered_at"].is_string(), "{delivered}");
    run.await;
    assert_eq!(test.row().await, delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_fails_too_late_leaves_the_next_one_its_time() {
    let test = Fixture::new(2).await;
    let other = test.lyceum.beside(|name| (name == "SMTP_URL").then(|| "smtp://127.0.0.1:9".to_owned())).await;
    test.lyceum.anonymous().register("ada").await;
    test.proxy.set(Fault::Silent);
    let run = test.run_at_attempt(3).await;
    assert_eq!(test.run_elsewhere(&other).await, 0);
    let failed = test.row().await;
    assert!(failed["attempts"] == 4 && failed["last_error"].is_string(), "{failed}");
    run.await;
    assert_eq!(test.row().await, failed, "the last attempt has the last word");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_given_up_while_it_was_on_its_way_is_delivered_and_no_redrive_sends_it_again() {
    let test = Fixture::new(10).await;
    let other = test.lyceum.beside(|_| None).await;
    test.lyceum.anonymous().register("ada").await;
    test.proxy.set(Fault::Slow(Duration::from_millis(200)));
    let run = test.run_at_attempt(5).await;
    assert_eq!(test.run_elsewhere(&other).await, 0);
    run.await;
    let row = test.row().await;
    assert!(row["delivered_at"].is_string() && row["dead_at"].is_null() && row["last_error"].is_null(), "{row}");
    assert_eq!(other.run("deliver-mail", json!({ "redrive": true })).await, json!({ "redriven": 0 }));
    assert_eq!(test.mailbox.newest_first().len(), 1);
}
