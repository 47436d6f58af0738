use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::harness::Lyceum;

async fn maintain(lyceum: &Lyceum) -> Value {
    lyceum.run("maintain", json!({})).await
}

#[tokio::test]
async fn a_run_with_nothing_to_do_makes_partitions_only() {
    let lyceum = Lyceum::new().await;
    lyceum.student().await;
    let mut report = maintain(&lyceum).await;
    report.as_object_mut().unwrap().remove("tables_analyzed"); // the log of today, or nothing yet
    assert_eq!(
        report,
        json!({
            "accounts_erased": 0,
            "rows_removed": {
                "sessions": 0, "password_reset_tokens": 0, "email_verification_tokens": 0, "email_changes": 0,
                "known_addresses": 0, "outbox": 0, "jobs": 0, "refusals": 0, "limits": 0, "idempotency_keys": 0,
            },
            "audit_partitions": ["audit_logs_202611", "audit_logs_202612", "audit_logs_202701"],
            "audit_partitions_dropped": [],
            "invalid_indexes": [],
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

#[tokio::test]
async fn months_of_the_audit_log_that_are_kept_no_longer_leave_as_a_whole_and_with_a_row() {
    let lyceum = Lyceum::new().await;
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass";
    let before = lyceum.count(partitions).await;
    sqlx::raw_sql(
        "SELECT create_audit_partition('2024-09-03'), create_audit_partition('2024-10-03'), create_audit_partition('2024-11-03');
         INSERT INTO audit_logs (action, resource_type, created_at) VALUES ('x', 'x', '2024-10-31T23:59:59Z');",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    let dropped = json!(["audit_logs_202409", "audit_logs_202410"]);
    assert_eq!(maintain(&lyceum).await["audit_partitions_dropped"], dropped, "two years ago it was November");
    assert_eq!(lyceum.count(partitions).await, before + 1);
    let rows = lyceum.audited("audit_log.drop_month").await;
    let named = json!({ "partition": { "from": "audit_logs_202409", "to": null } });
    assert_eq!((rows.len(), &rows[0]["changes"]), (2, &named));
    assert_eq!(maintain(&lyceum).await["audit_partitions_dropped"], json!([]), "again, there is nothing left to do");
}

/// Whoever takes over the application can't make the log forget by telling another time.
#[tokio::test]
async fn line_17_a_year_of_the_audit_log_stays_whatever_it_is_asked_for() {
    let lyceum = Lyceum::new().await;
    let log = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass";
    let before = lyceum.count(log).await;
    lyceum.clock.advance(TimeDelta::days(50 * 365));
    assert_eq!(maintain(&lyceum).await["audit_partitions_dropped"], json!([]));
    assert!(lyceum.count(log).await >= before);
}

#[tokio::test]
async fn stale_statistics_are_read_anew() {
    let lyceum = Lyceum::new().await;
    let mut owner = lyceum.database.acquire().await.unwrap();
    for statement in [
        "CREATE TABLE numbers (number int) WITH (autovacuum_enabled = false)",
        "INSERT INTO numbers SELECT generate_series(1, 5000)",
        "SELECT pg_stat_force_next_flush()",
        "SELECT 1", // with whose end it is flushed
    ] {
        sqlx::query(statement).execute(&mut *owner).await.unwrap();
    }
    let analyzed = |report: Value| report["tables_analyzed"].as_array().unwrap().contains(&json!("numbers"));
    assert!(analyzed(maintain(&lyceum).await));
    let known: f32 = sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE relname = 'numbers'")
        .fetch_one(&mut *owner)
        .await
        .unwrap();
    assert!((known - 5000.0).abs() < 1.0);
    assert!(!analyzed(maintain(&lyceum).await), "again, they are fresh");
}

#[tokio::test]
async fn what_one_step_cannot_do_stops_no_other_and_the_run_tells_it_as_a_failure() {
    let lyceum = Lyceum::new().await;
    let (admin, student, closed, kept) =
        (lyceum.admin().await, lyceum.student().await, lyceum.student().await, lyceum.student().await);
    student.post("/v1/auth/forgot-password", json!({ "email": student.email })).await.is(202);
    lyceum.mails().await;
    student.delete("/v1/me/sessions").await.no_content();
    for somebody in [&kept, &closed] {
        admin.delete(&format!("/v1/users/{}", somebody.id)).await.no_content();
        lyceum.clock.advance(TimeDelta::seconds(1)); // the one that is in the way is due first
    }
    let in_the_way = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
         CREATE TRIGGER refuse_erasure BEFORE UPDATE ON users FOR EACH ROW
           WHEN (OLD.id = '{}' AND NEW.erased_at IS NOT NULL) EXECUTE FUNCTION refuse();
         CREATE TRIGGER refuse_removal BEFORE DELETE ON sessions FOR EACH ROW
           WHEN (OLD.user_id = '{}') EXECUTE FUNCTION refuse();",
        kept.id, student.id
    );
    sqlx::raw_sql(AssertSqlSafe(in_the_way)).execute(&lyceum.database).await.unwrap();

    lyceum.clock.advance(TimeDelta::days(91));
    for _ in 0..2 {
        let failed = lyceum.try_run("maintain", json!({})).await.unwrap_err().to_string();
        assert!(failed.contains("sessions") && failed.contains(&kept.id), "{failed}");
        assert!(!failed.contains(&closed.id) && !failed.contains("files"), "{failed}");
        assert_eq!(lyceum.count("SELECT count(*) FROM users WHERE erased_at IS NOT NULL").await, 1);
        assert_eq!(lyceum.count("SELECT count(*) FROM password_reset_tokens").await, 0);
        assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, 0);
        assert_eq!(lyceum.count("SELECT count(*) FROM audit_logs_202702").await, 1, "the month has a partition");
    }

    sqlx::raw_sql("DROP FUNCTION refuse CASCADE").execute(&lyceum.database).await.unwrap();
    let report = maintain(&lyceum).await;
    assert_eq!(report["accounts_erased"], 1);
    assert_eq!(lyceum.count("SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL").await, 0);
}

/// A session has thousands of refresh tokens if it was used for months, and all go with it.
#[tokio::test]
async fn sessions_are_removed_a_few_at_once_until_none_is_left() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    sqlx::raw_sql(
        "CREATE FUNCTION count_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF (SELECT count(*) FROM gone) > 100 THEN RAISE 'too many at once'; END IF; RETURN NULL; END $$;
         CREATE TRIGGER count_gone AFTER DELETE ON sessions REFERENCING OLD TABLE AS gone
           FOR EACH STATEMENT EXECUTE FUNCTION count_gone();",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    let ended = "INSERT INTO sessions (user_id, expires_at, ended_at)
                 SELECT $1, '2026-01-01', '2026-01-01' FROM generate_series(1, 250)";
    lyceum.change(ended, &student.id).await;
    assert_eq!(maintain(&lyceum).await["rows_removed"]["sessions"], 250);
    assert_eq!(lyceum.count("SELECT count(*) FROM sessions WHERE ended_at < '2026-02-01'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_renewed_while_it_waits_to_be_removed_stays() {
    let lyceum = Lyceum::new().await;
    lyceum.student().await.get("/v1/me").await.ok();
    let counted = lyceum.count("SELECT count(*) FROM limits").await;
    assert!(counted > 0);
    lyceum.clock.advance(TimeDelta::days(2));
    let mut renewing = lyceum.database.begin().await.unwrap();
    sqlx::query("UPDATE limits SET expires_at = '2027-01-01'").execute(&mut *renewing).await.unwrap();
    let run = tokio::spawn({
        let lyceum = lyceum.clone();
        async move { maintain(&lyceum).await }
    });
    let waiting = "SELECT count(*) FROM pg_locks waiting JOIN pg_locks held USING (pid)
                   WHERE NOT waiting.granted AND held.relation = 'limits'::regclass AND held.database =
                     (SELECT oid FROM pg_database WHERE datname = current_database())";
    while lyceum.count(waiting).await == 0 {
        tokio::task::yield_now().await;
    }
    renewing.commit().await.unwrap();
    assert_eq!(run.await.unwrap()["rows_removed"]["limits"], 0);
    assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, counted);
}
