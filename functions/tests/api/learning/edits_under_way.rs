//! Lessons added, removed, made optional, unpublished, while a thousand learners complete them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

const LEARNERS: usize = 1_000;
const LESSONS: usize = 5;
/// So many call at once; each then calls for the next learner.
const CLIENTS: usize = 64;

/// Does it for each of so many, by 64 clients at once.
async fn for_each<F>(lyceum: &Arc<Lyceum>, many: usize, does: impl Fn(Arc<Lyceum>, usize) -> F + Send + Sync + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (next, does) = (Arc::new(AtomicUsize::new(0)), Arc::new(does));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (lyceum, next, does) = (lyceum.clone(), next.clone(), does.clone());
            tokio::spawn(async move {
                loop {
                    match next.fetch_add(1, Ordering::SeqCst) {
                        number if number < many => does(lyceum.clone(), number).await,
                        _ => return,
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}

async fn edits(course: &CourseInProgress) {
    let instructor = &course.instructor;
    let lesson = |number: usize| format!("/v1/lessons/{}", course.lessons[number]);
    let new = json!({ "title": "New", "content": "c", "is_published": true });
    let lessons = format!("/v1/sections/{}/lessons", course.section);
    let mut added = Vec::new();
    for round in 0..3 {
        let made = instructor.insist("POST", &lessons, Some(new.clone())).await.created();
        added.push(format!("/v1/lessons/{}", made["id"].as_str().unwrap()));
        for changes in
            [json!({ "requires_completion": false }), json!({ "is_published": false }), json!({ "is_published": true })]
        {
            instructor.insist("PATCH", &lesson(round), Some(changes)).await.ok();
        }
    }
    for removed in &added[..2] {
        instructor.insist("DELETE", removed, None).await.no_content();
    }
    instructor.insist("PATCH", &added[2], Some(json!({ "requires_completion": false }))).await.ok();
    instructor.insist("PATCH", &lesson(0), Some(json!({ "requires_completion": true }))).await.ok();
    instructor.insist("PATCH", &lesson(1), Some(json!({ "is_published": false }))).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_learners_complete_while_lessons_come_and_go_and_all_numbers_are_right() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, LESSONS).await;
    let learners = Arc::new(tokio::sync::Mutex::new(Vec::new()));
    let (enrolled, path) = (learners.clone(), course.path("/enrollments"));
    for_each(&lyceum, LEARNERS, move |lyceum, _| {
        let (enrolled, path) = (enrolled.clone(), path.clone());
        async move {
            let learner = lyceum.student().await;
            let enrollment = learner.insist("POST", &path, Some(json!({}))).await.created();
            enrolled.lock().await.push((learner, enrollment["id"].as_str().unwrap().to_owned()));
        }
    })
    .await;
    let learners = Arc::new(std::mem::take(&mut *learners.lock().await));

    let (by, lessons) = (learners.clone(), course.lessons.clone());
    let completing = for_each(&lyceum, LEARNERS, move |_, number| {
        let ((learner, _), lessons) = (by[number].clone(), lessons.clone());
        async move {
            // A third goes all the way, the others stop somewhere.
            for lesson in lessons.iter().take(if number % 3 == 0 { LESSONS } else { number % LESSONS }) {
                let path = format!("/v1/lessons/{lesson}/completion");
                let answer = learner.insist("PUT", &path, Some(json!({}))).await;
                assert!([200, 404].contains(&answer.status), "{}", answer.text); // withdrawn at that instant
                if answer.status == 200 && answer.body["enrollment"]["status"] == "completed" {
                    assert_eq!(answer.body["enrollment"]["completion_percentage"], "100.00");
                }
            }
        }
    });
    tokio::join!(completing, edits(&course), recomputing(&lyceum), recomputing(&lyceum));

    let wrong = "SELECT count(*) FROM enrollments
        WHERE completion_percentage > 100 OR (completed_at IS NULL) = (status = 'completed')";
    assert_eq!(lyceum.count(wrong).await, 0);
    lyceum.clock.advance(chrono::TimeDelta::minutes(1)); // what a failed run took is free again
    lyceum.run_recompute_progress().await;
    lyceum.assert_progress_is_as_the_facts_say().await;
    let completed = lyceum.count("SELECT count(*) FROM enrollments WHERE status = 'completed'").await;
    assert!(completed > 0, "somebody finished");
    assert_eq!(
        lyceum.count("SELECT count(*) FROM lesson_completions").await,
        i64::try_from(lyceum.audited("lesson_completion.create").await.len()).unwrap(),
        "each completion is in the log"
    );
    for (learner, enrollment) in learners.iter().step_by(100) {
        let seen = learner.get(&format!("/v1/enrollments/{enrollment}")).await.ok();
        let all = |name: &str| {
            seen["sections"].as_array().unwrap().iter().map(|one| one[name].as_u64().unwrap()).sum::<u64>()
        };
        let (done, counted) = (all("completed_lessons"), all("total_lessons"));
        let quotient = done * 10_000 / counted;
        let expected = if seen["completed_at"].is_null() { quotient } else { 10_000 };
        assert_eq!(seen["completion_percentage"], format!("{}.{:02}", expected / 100, expected % 100));
    }
}

/// Runs beside another: the messages of many edits.
async fn recomputing(lyceum: &Lyceum) {
    for _ in 0..40 {
        let _ = lyceum.try_recompute_progress().await; // it may find everything busy
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_edit_of_a_lesson_and_its_completions_never_wait_in_a_circle() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    let path = format!("/v1/lessons/{}", course.lessons[0]);
    let mut calls = Vec::new();
    for _ in 0..6 {
        let (learner, path) = (lyceum.student().await, format!("{path}/completion"));
        course.enroll(&learner).await;
        calls.push(tokio::spawn(async move {
            for _ in 0..40 {
                learner.put(&path, json!({})).await.ok();
                learner.delete(&path).await.no_content();
            }
        }));
    }
    calls.push(tokio::spawn(async move {
        for number in 0..40 {
            instructor.patch(&path, json!({ "title": format!("Title {number}") })).await.ok();
        }
    }));
    for call in calls {
        call.await.unwrap();
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(lyceum.count(deadlocks).await, 0);
}
