//! Messages that wake `run-jobs`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lyceum_local::event;
use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

fn due_at(body: &str) -> DateTime<Utc> {
    let body: Value = serde_json::from_str(body).unwrap();
    body["due_at"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn writes_within_two_seconds_share_one_message_and_the_next_write_sends_another() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let first = lyceum.jobs_messages();
    assert_eq!(first.len(), 1, "publishing changed counts");
    assert_eq!(first[0].delay, Duration::from_secs(2));
    assert_eq!(due_at(&first[0].body), lyceum.clock.now() + TimeDelta::seconds(2));
    course.enroll(&lyceum.student().await).await;
    lyceum.clock.advance(TimeDelta::milliseconds(1_999));
    course.enroll(&lyceum.student().await).await;
    assert_eq!(lyceum.jobs_messages(), [], "the message arrives after these commits");
    lyceum.clock.advance(TimeDelta::milliseconds(1));
    course.enroll(&lyceum.student().await).await;
    assert_eq!(lyceum.jobs_messages().len(), 1);
}

#[tokio::test]
async fn each_kind_of_write_that_changes_a_count_wakes_and_others_do_not() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let other = admin.post("/v1/categories", json!({ "name": "Other" })).await.created()["id"].clone();
    course.change(json!({ "description": "Nobody sees it yet." })).await;
    assert_eq!(lyceum.jobs_messages(), [], "a draft is counted nowhere");
    assert_eq!(lyceum.count("SELECT count(*) FROM jobs").await, 0);
    let body = json!({});
    for (caller, method, path, body, wakes) in [
        (&instructor, "POST", "/publish", &body, true),
        (&instructor, "PATCH", "", &json!({ "content": "Other content" }), false),
        (&instructor, "PATCH", "", &json!({ "category_id": other }), true),
        (&instructor, "PATCH", "", &json!({ "title": "Another title" }), true),
        (&instructor, "PUT", "/tags", &json!(["rust"]), true),
        (&instructor, "POST", "/unpublish", &body, true),
        (&instructor, "POST", "/publish", &body, true),
        (&student, "POST", "/enrollments", &body, true),
        (&instructor, "POST", "/archive", &body, true),
        (&instructor, "DELETE", "", &body, false),
        (&instructor, "POST", "/restore", &body, false),
        (&instructor, "POST", "/duplicate", &body, false),
    ] {
        lyceum.run_jobs().await;
        lyceum.clock.advance(TimeDelta::seconds(3));
        lyceum.jobs_messages();
        let sent = (method != "DELETE").then(|| body.clone());
        let status = caller.send(method, &course.path(path), sent).await.status;
        assert!(status < 300, "{method} {path}: {status}");
        let jobs = lyceum.count("SELECT count(*) FROM jobs").await;
        assert_eq!((jobs > 0, lyceum.jobs_messages().len()), (wakes, usize::from(wakes)), "{method} {path}");
    }
}

#[tokio::test]
async fn a_message_that_arrives_before_its_time_is_sent_again_without_the_database() {
    let away = |name: &str| (name == "DATABASE_URL").then(|| "postgres://nobody@127.0.0.1:9/nothing".to_owned());
    let lyceum = Lyceum::with(away).await;
    let now = lyceum.clock.now();
    let message = |due_at: DateTime<Utc>| event::sqs("jobs", &json!({ "due_at": due_at }).to_string(), now);
    let later = now + TimeDelta::hours(3);
    assert_eq!(lyceum.run("run-jobs", message(later)).await, json!({ "batchItemFailures": [] }));
    let sent = lyceum.jobs_messages();
    assert_eq!((sent.len(), sent[0].delay, due_at(&sent[0].body)), (1, Duration::from_mins(15), later));
    lyceum.clock.advance(TimeDelta::hours(3));
    let due = lyceum.try_run("run-jobs", message(later)).await;
    assert!(matches!(due, Err(lyceum::Error::Unavailable(_))), "now it asks the database");
    // A batch with a message that is due now is run at once, and so is an event without messages.
    let mut mixed = message(lyceum.clock.now() + TimeDelta::hours(1));
    mixed["Records"].as_array_mut().unwrap().push(json!({ "body": "{}" }));
    for event in [mixed, event::schedule("jobs", now), json!({}), event::sqs("jobs", "not JSON", now)] {
        assert!(lyceum.try_run("run-jobs", event.clone()).await.is_err(), "{event}");
    }
}

#[tokio::test]
async fn a_job_that_is_due_later_is_announced_by_the_run_before_it() {
    let lyceum = Lyceum::new().await;
    let later = lyceum.clock.now() + TimeDelta::minutes(40);
    sqlx::query("INSERT INTO jobs (kind, due_at) VALUES ('fold-counters', $1)")
        .bind(later)
        .execute(&lyceum.database)
        .await
        .unwrap();
    lyceum.run_jobs().await;
    lyceum.run_jobs().await;
    let sent = lyceum.jobs_messages();
    assert_eq!((sent.len(), sent[0].delay, due_at(&sent[0].body)), (1, Duration::from_mins(15), later));
    lyceum.clock.advance(TimeDelta::minutes(40));
    lyceum.run_jobs().await;
    assert_eq!(lyceum.count("SELECT count(*) FROM jobs").await, 0);
    assert_eq!(lyceum.jobs_messages(), []);
}
