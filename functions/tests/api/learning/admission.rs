//! Edits that decide who may enrol or complete, and learners who do so at the same moment: they take turns, in the order in
//! which they came.
//!
//! The calls are held half-way by a transaction of the test's own, which has locked a row that they need next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use tokio::task::JoinHandle;

use crate::harness::{Answer, Caller, CourseInProgress, Lock, Lyceum, at_once};

type Call = JoinHandle<Answer>;

fn begin(caller: &Caller, method: &'static str, path: String, body: Option<Value>) -> Call {
    let caller = caller.clone();
    tokio::spawn(async move { caller.send(method, &path, body).await })
}

fn enroll(learner: &Caller, course: &CourseInProgress) -> Call {
    begin(learner, "POST", course.path("/enrollments"), Some(json!({})))
}

fn complete(learner: &Caller, course: &CourseInProgress) -> Call {
    begin(learner, "PUT", format!("/v1/lessons/{}/completion", course.lessons[0]), Some(json!({})))
}

/// Locks the user's row against new references: a call of the user that has changed something waits at its audit.
async fn hold(lyceum: &Lyceum, user: &Caller) -> Transaction<'static, Postgres> {
    let mut holding = lyceum.database.begin().await.unwrap();
    let lock = format!("SELECT id FROM users WHERE id = '{}' FOR UPDATE", user.id);
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *holding).await.unwrap();
    holding
}

/// Returns each edit after which nobody may enrol: method, path and body, and the status and problem of an enrolment after it.
async fn closing_edits(
    admin: &Caller,
    instructor: &Caller,
) -> Vec<(&'static str, &'static str, Option<Value>, u16, &'static str)> {
    let first = CourseInProgress::published(admin, instructor, 1).await;
    let prerequisites = json!([{ "prerequisite_course_id": first.id }]);
    vec![
        ("PATCH", "", Some(json!({ "price": "9.90" })), 409, "payment-required"),
        ("PATCH", "", Some(json!({ "visibility": "restricted" })), 403, "forbidden"),
        ("PATCH", "", Some(json!({ "visibility": "private" })), 404, "not-found"),
        ("POST", "/archive", Some(json!({})), 404, "not-found"),
        ("POST", "/unpublish", Some(json!({})), 404, "not-found"),
        ("PUT", "/prerequisites", Some(prerequisites), 409, "prerequisites-unmet"),
        ("DELETE", "", None, 404, "not-found"),
    ]
}

#[tokio::test]
async fn an_enrolment_that_begins_during_an_edit_sees_what_the_edit_stored() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    for (method, rest, body, status, problem) in closing_edits(&admin, &instructor).await {
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        let holding = hold(&lyceum, &instructor).await;
        let edit = begin(&instructor, method, course.path(rest), body);
        lyceum.until_waiting(Lock::Row, 1).await; // it has changed the course, and not committed
        let enrolling = enroll(&learner, &course);
        lyceum.until_waiting(Lock::Advisory, 1).await;
        holding.rollback().await.unwrap();
        assert!([200, 204].contains(&edit.await.unwrap().status), "{method} {rest}");
        enrolling.await.unwrap().problem(status, problem);
        let enrolled = lyceum.count("SELECT count(*) FROM enrollments").await;
        assert_eq!(enrolled, 0, "{method} {rest}");
    }
}

#[tokio::test]
async fn an_edit_waits_for_enrolments_under_way_and_comes_before_later_ones() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    for (method, rest, body, status, problem) in closing_edits(&admin, &instructor).await {
        let (early, late) = (lyceum.student().await, lyceum.student().await);
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        let holding = hold(&lyceum, &early).await;
        let enrolling = enroll(&early, &course);
        lyceum.until_waiting(Lock::Row, 1).await;
        let edit = begin(&instructor, method, course.path(rest), body);
        lyceum.until_waiting(Lock::Advisory, 1).await;
        let later = enroll(&late, &course);
        lyceum.until_waiting(Lock::Advisory, 2).await;
        holding.rollback().await.unwrap();
        enrolling.await.unwrap().is(201);
        let edited = edit.await.unwrap();
        if rest == "/unpublish" {
            edited.problem(409, "learners-enrolled");
            later.await.unwrap().is(201);
        } else {
            assert!([200, 204].contains(&edited.status), "{method} {rest}: {}", edited.text);
            later.await.unwrap().problem(status, problem);
        }
    }
}

#[tokio::test]
async fn a_list_is_not_imported_into_a_course_that_was_archived_meanwhile() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let holding = hold(&lyceum, &instructor).await;
    let edit = begin(&instructor, "POST", course.path("/archive"), Some(json!({})));
    lyceum.until_waiting(Lock::Row, 1).await;
    let (importer, path, list) = (admin.clone(), course.path("/enrollments/import"), learner.email.clone());
    let import = tokio::spawn(async move { importer.send_raw("POST", &path, "text/csv", Some(list.as_bytes())).await });
    lyceum.until_waiting(Lock::Advisory, 1).await;
    holding.rollback().await.unwrap();
    edit.await.unwrap().is(200);
    import.await.unwrap().problem(409, "not-enrollable");
}

#[tokio::test]
async fn an_edit_that_does_not_affect_admission_does_not_wait_for_learners() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let (section, lesson) = (format!("/v1/sections/{}", course.section), format!("/v1/lessons/{}", course.lessons[0]));
    let holding = hold(&lyceum, &learner).await;
    let enrolling = enroll(&learner, &course);
    lyceum.until_waiting(Lock::Row, 1).await;
    for (method, path, body) in [
        ("PATCH", course.path(""), json!({ "title": "Corrected", "price": "0.00", "visibility": "public" })),
        ("PUT", course.path("/tags"), json!(["new"])),
        ("POST", course.path("/publish"), json!({})),
        ("POST", course.path("/sections"), json!({ "title": "Another" })),
        ("PATCH", section.clone(), json!({ "title": "Corrected", "display_order": 2 })),
        ("POST", format!("{section}/lessons"), json!({ "title": "Another", "display_order": 1 })),
        ("PATCH", lesson, json!({ "title": "Corrected" })),
        ("PUT", format!("{section}/lessons/order"), json!([])),
        ("PATCH", "/v1/me".to_owned(), json!({ "first_name": "Ada" })),
    ] {
        let answer = instructor.send(method, &path, Some(body)).await;
        assert!([200, 201, 409].contains(&answer.status), "{method} {path}: {}", answer.text);
        assert!(!enrolling.is_finished());
    }
    admin.delete(&format!("/v1/users/{}", instructor.id)).await.is(204);
    holding.rollback().await.unwrap();
    enrolling.await.unwrap().is(201);
}

#[tokio::test]
async fn a_lesson_is_deleted_between_those_who_complete_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    let (early, late) = (lyceum.student().await, lyceum.student().await);
    for learner in [&early, &late] {
        course.enroll(learner).await;
    }
    let holding = hold(&lyceum, &early).await;
    let completing = complete(&early, &course);
    lyceum.until_waiting(Lock::Row, 1).await;
    let deletion = begin(&instructor, "DELETE", lesson.clone(), None);
    lyceum.until_waiting(Lock::Advisory, 1).await;
    let later = complete(&late, &course);
    lyceum.until_waiting(Lock::Advisory, 2).await;
    holding.rollback().await.unwrap();
    completing.await.unwrap().is(200);
    let problem = deletion.await.unwrap().problem(409, "lesson-completed");
    assert_eq!(problem["lessons"][0]["id"], course.lessons[0]);
    later.await.unwrap().is(200);
}

#[tokio::test]
async fn a_lesson_cannot_be_completed_while_an_edit_withdraws_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    for edit in ["delete lesson", "delete section", "unpublish lesson", "delete course"] {
        let course = CourseInProgress::published(&admin, &instructor, 2).await;
        course.enroll(&learner).await;
        let lesson = format!("/v1/lessons/{}", course.lessons[0]);
        let (method, path, body) = match edit {
            "delete lesson" => ("DELETE", lesson, None),
            "delete section" => ("DELETE", format!("/v1/sections/{}", course.section), None),
            "unpublish lesson" => ("PATCH", lesson, Some(json!({ "is_published": false }))),
            _ => ("DELETE", course.path(""), None),
        };
        let holding = hold(&lyceum, &instructor).await;
        let editing = begin(&instructor, method, path, body);
        lyceum.until_waiting(Lock::Row, 1).await;
        let completing = complete(&learner, &course);
        lyceum.until_waiting(Lock::Advisory, 1).await;
        holding.rollback().await.unwrap();
        assert!([200, 204].contains(&editing.await.unwrap().status), "{edit}");
        completing.await.unwrap().problem(404, "not-found");
        assert_eq!(lyceum.count("SELECT count(*) FROM lesson_completions").await, 0, "{edit}");
    }
}

/// Has learners enrol, complete and drop without pause until the editor has made every kind of edit. Nobody is refused for want
/// of a lock.
async fn edit_while(clients: usize) {
    let lyceum = Lyceum::of_many_connections().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let course = Arc::new(CourseInProgress::published(&admin, &instructor, 3).await);
    let mut learners = Vec::new();
    for _ in 0..8 {
        learners.push(lyceum.student().await);
    }
    let (is_done, enrolled) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let crowd: Vec<_> = (0..clients)
        .map(|number| {
            let (learner, course) = (learners[number % learners.len()].clone(), course.clone());
            let (is_done, enrolled) = (is_done.clone(), enrolled.clone());
            tokio::spawn(async move {
                while !is_done.load(Ordering::Relaxed) {
                    let answer = learner.post(&course.path("/enrollments"), json!({})).await;
                    assert!([200, 201, 403, 404, 409].contains(&answer.status), "{}", answer.text);
                    let Some(id) = answer.body["id"].as_str().filter(|_| answer.status < 300) else { continue };
                    enrolled.fetch_add(1, Ordering::Relaxed);
                    let lesson = &course.lessons[1 + number % 2];
                    let answer = learner.put(&format!("/v1/lessons/{lesson}/completion"), json!({})).await;
                    assert!([200, 403, 404].contains(&answer.status), "{}", answer.text);
                    let answer = learner.delete(&format!("/v1/enrollments/{id}")).await;
                    assert!([204, 404].contains(&answer.status), "{}", answer.text);
                }
            })
        })
        .collect();

    let section = format!("/v1/sections/{}", course.section);
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    let prerequisites = json!([{ "prerequisite_course_id": first.id }]);
    for round in 0..2 {
        for (method, path, body) in [
            ("PATCH", course.path(""), json!({ "title": format!("Corrected {round}") })),
            ("PATCH", course.path(""), json!({ "price": "9.90" })),
            ("PATCH", course.path(""), json!({ "price": "0.00" })),
            ("PATCH", course.path(""), json!({ "visibility": "restricted" })),
            ("PATCH", course.path(""), json!({ "visibility": "public" })),
            ("POST", course.path("/archive"), json!({})),
            ("POST", course.path("/publish"), json!({})),
            ("PUT", course.path("/prerequisites"), prerequisites.clone()),
            ("PUT", course.path("/prerequisites"), json!([])),
            ("PUT", course.path("/tags"), json!([format!("tag {round}")])),
            ("PATCH", section.clone(), json!({ "title": format!("Corrected {round}") })),
            ("POST", course.path("/sections"), json!({ "title": "Another", "display_order": 1 })),
            ("POST", format!("{section}/lessons"), json!({ "title": "Another", "display_order": 1 })),
            ("PATCH", lesson.clone(), json!({ "is_published": false })),
            ("PATCH", lesson.clone(), json!({ "is_published": true })),
            ("PATCH", "/v1/me".to_owned(), json!({ "first_name": format!("Ada {round}") })),
        ] {
            let answer = instructor.send(method, &path, Some(body)).await;
            assert!([200, 201].contains(&answer.status), "{method} {path}: {}", answer.text);
        }
        let list = learners.iter().map(|learner| learner.email.clone()).collect::<Vec<_>>().join("\n");
        let import = course.path("/enrollments/import");
        instructor.send_raw("POST", &import, "text/csv", Some(list.as_bytes())).await.is(200);
        let unpublished = instructor.post(&course.path("/unpublish"), json!({})).await;
        assert!([200, 409].contains(&unpublished.status), "{}", unpublished.text);
        instructor.post(&course.path("/publish"), json!({})).await.is(200);
        lyceum.run_recompute_progress().await;
    }
    instructor.delete(&lesson).await.is(204); // nobody completes this one
    admin.delete(&format!("/v1/users/{}", instructor.id)).await.is(204);
    is_done.store(true, Ordering::Relaxed);
    for client in crowd {
        client.await.unwrap();
    }
    assert_ne!(enrolled.load(Ordering::Relaxed), 0, "learners got through, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edit_gets_through_while_8_clients_enrol_without_pause() {
    edit_while(8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edit_gets_through_while_64_clients_enrol_without_pause() {
    edit_while(64).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_deleted_while_64_clients_complete_it_without_pause() {
    let lyceum = Lyceum::of_many_connections().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = Arc::new(CourseInProgress::published(&admin, &instructor, 2).await);
    let mut learners = Vec::new();
    for _ in 0..16 {
        let learner = lyceum.student().await;
        course.enroll(&learner).await;
        learners.push(learner);
    }
    let is_done = Arc::new(AtomicBool::new(false));
    let clients = at_once(65, |number| {
        let (course, learner) = (course.clone(), learners[number % learners.len()].clone());
        let (is_done, instructor) = (is_done.clone(), instructor.clone());
        let lesson = format!("/v1/lessons/{}", course.lessons[0]);
        async move {
            if number == 64 {
                let deletion = instructor.delete(&lesson).await;
                is_done.store(true, Ordering::Relaxed);
                return deletion;
            }
            loop {
                let answer = learner.put(&format!("{lesson}/completion"), json!({})).await;
                assert!([200, 404].contains(&answer.status), "{}", answer.text);
                if is_done.load(Ordering::Relaxed) {
                    return answer;
                }
            }
        }
    })
    .await;
    assert!([204, 409].contains(&clients[64].status), "{}", clients[64].text);
}
