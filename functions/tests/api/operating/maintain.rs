use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::Lyceum;

async fn maintain(lyceum: &Lyceum) -> Value {
    lyceum.run("maintain", json!({})).await
}

#[tokio::test]
async fn a_run_with_nothing_to_do_makes_partitions_only() {
    let lyceum = Lyceum::new().await;
    lyceum.student().await;
    let report = maintain(&lyceum).await;
    assert_eq!(
        report,
        json!({
            "accounts_erased": 0,
            "rows_removed": {
                "sessions": 0, "password_reset_tokens": 0, "email_changes": 0, "known_addresses": 0, "outbox": 0, "limits": 0,
                "idempotency_keys": 0,
            },
            "audit_partitions": ["audit_logs_202611", "audit_logs_202612", "audit_logs_202701"],
            "files": {
                "taken_up": 0, "unfinished_removed": 0, "rejected_forgotten": 0, "freed": 0, "files_removed": 0,
                "orphans_removed": 0, "failed": 0,
            },
        })
    );
}

#[tokio::test]
async fn closed_accounts_are_erased_on_the_thirtieth_day_each_with_its_row() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let closed = [lyceum.student().await, lyceum.student().await];
    for somebody in &closed {
        admin.delete(&format!("/v1/users/{}", somebody.id)).await.no_content();
    }
    lyceum.clock.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(maintain(&lyceum).await["accounts_erased"], 0);
    lyceum.clock.advance(TimeDelta::seconds(1));
    assert_eq!(maintain(&lyceum).await["accounts_erased"], 2);
    assert_eq!(maintain(&lyceum).await["accounts_erased"], 0, "again, there is nothing left to do");
    let rows = lyceum.audited("user.erase").await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["user_id"].is_null() && row["changes"].is_null()));
}

#[tokio::test]
async fn two_runs_at_once_erase_each_account_once() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for _ in 0..5 {
        let somebody = lyceum.student().await;
        admin.delete(&format!("/v1/users/{}", somebody.id)).await.no_content();
    }
    lyceum.clock.advance(TimeDelta::days(30));
    let (one, other) = tokio::join!(maintain(&lyceum), maintain(&lyceum));
    let erased = |report: Value| report["accounts_erased"].as_u64().unwrap();
    assert_eq!(erased(one) + erased(other), 5);
    assert_eq!(lyceum.audited("user.erase").await.len(), 5);
}

#[tokio::test]
async fn what_has_expired_is_removed_and_what_stands_is_kept() {
    let lyceum = Lyceum::new().await;
    let (student, other) = (lyceum.student().await, lyceum.student().await);
    student.post("/v1/auth/forgot-password", json!({ "email": student.email })).await.is(202);
    lyceum.mails().await;
    student.delete("/v1/me/sessions").await.no_content();
    assert_eq!(maintain(&lyceum).await["rows_removed"]["password_reset_tokens"], 0);

    lyceum.clock.advance(TimeDelta::days(2));
    let removed = maintain(&lyceum).await["rows_removed"].clone();
    assert_eq!(removed["password_reset_tokens"], 1);
    assert_eq!((&removed["sessions"], &removed["outbox"]), (&json!(0), &json!(0)));
    assert!(removed["limits"].as_u64().unwrap() > 0, "{removed}");

    lyceum.clock.advance(TimeDelta::days(29));
    assert_eq!(maintain(&lyceum).await["rows_removed"]["outbox"], 1);
    lyceum.clock.advance(TimeDelta::days(60));
    let removed = maintain(&lyceum).await["rows_removed"].clone();
    assert_eq!(removed["sessions"], 1, "one that ended 90 days ago; the other's is over since yesterday");
    assert_eq!(lyceum.count("SELECT count(*) FROM sessions").await, 1);
    other.sign_in(crate::harness::PASSWORD).await.ok();
}

#[tokio::test]
async fn the_next_months_have_partitions_of_their_own() {
    let lyceum = Lyceum::new().await;
    lyceum.clock.advance(TimeDelta::days(3 * 365));
    let report = maintain(&lyceum).await;
    assert_eq!(report["audit_partitions"], json!(["audit_logs_202911", "audit_logs_202912", "audit_logs_203001"]));
    assert_eq!(maintain(&lyceum).await["audit_partitions"], report["audit_partitions"]);
    lyceum.student().await;
    assert_eq!(lyceum.count("SELECT count(*) FROM audit_logs_202911").await, 1);
    assert_eq!(lyceum.count("SELECT count(*) FROM audit_logs_default").await, 0);
}
