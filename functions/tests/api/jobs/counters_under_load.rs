//! Counts while many write at once, and after random work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::harness::{Caller, CourseInProgress, Lyceum, Random, at_once, how_many};

/// Folds and recomputes all the time, until it is stopped.
fn background(lyceum: &Arc<Lyceum>, stop: &Arc<AtomicBool>) -> Vec<tokio::task::JoinHandle<()>> {
    let mut tasks = Vec::new();
    for number in 0..3 {
        let (lyceum, stop) = (lyceum.clone(), stop.clone());
        tasks.push(tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                if number == 2 {
                    lyceum.run("maintain", json!({ "recompute_counters": true })).await;
                } else {
                    lyceum.run_jobs().await;
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    tasks
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_learners_enrol_at_once_while_two_fold_and_one_recomputes() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let mut learners = Vec::new();
    for _ in 0..64 {
        learners.push(lyceum.student().await);
    }
    lyceum.run_jobs().await;
    let stop = Arc::new(AtomicBool::new(false));
    let background = background(&lyceum, &stop);
    let (learners, path) = (Arc::new(learners), Arc::new(course.path("/enrollments")));
    let statuses = at_once(64, |number| {
        let (learners, path) = (learners.clone(), path.clone());
        async move { learners[number].post(&path, json!({})).await.status }
    })
    .await;
    assert_eq!(how_many(&statuses, 201), 64, "{statuses:?}");
    stop.store(true, Ordering::SeqCst);
    for task in background {
        task.await.unwrap();
    }
    lyceum.run_jobs().await;
    assert_eq!(lyceum.count("SELECT max(enrollment_count)::bigint FROM course_popularity").await, 64);
    lyceum.assert_counts_are_as_the_facts_say().await;
    let corrected = lyceum.audited("counters.recompute").await;
    assert!(corrected.iter().all(|row| row["changes"]["corrected"]["to"] == 0), "nothing was wrong at any moment");
}

/// Makes one of the calls that change counts. Calls that the course's state doesn't allow are refused.
async fn act(
    random: &mut Random,
    staff: &Caller,
    learners: &[Caller],
    courses: &[CourseInProgress],
    categories: &[String],
) -> u16 {
    let course = &courses[random.below(courses.len())];
    let learner = &learners[random.below(learners.len())];
    let post = async |path: &str| staff.post(&course.path(path), json!({})).await.status;
    let answer = match random.below(14) {
        0..=2 => learner.post(&course.path("/enrollments"), json!({})).await,
        3 => {
            let mine = learner.get("/v1/me/enrollments").await.ok();
            let Some(id) = mine["data"][0]["id"].as_str() else { return 200 };
            learner.delete(&format!("/v1/enrollments/{id}")).await
        }
        4 | 5 => return post("/publish").await,
        6 => return post("/unpublish").await,
        7 => return post("/archive").await,
        8 => {
            let category = &categories[random.below(categories.len())];
            let visibility = ["public", "private", "restricted"][random.below(3)];
            staff.patch(&course.path(""), json!({ "category_id": category, "visibility": visibility })).await
        }
        9 => {
            let tags = [["a", "b"], ["b", "C"], ["c", "d"], ["A", "e"]][random.below(4)];
            staff.put(&course.path("/tags"), json!(tags)).await
        }
        10 => {
            let title = ["Shared words", "Other words", "Words and more"][random.below(3)];
            staff.patch(&course.path(""), json!({ "title": title })).await
        }
        11 => staff.delete(&course.path("")).await,
        12 => return post("/restore").await,
        _ if random.below(2) == 0 => return post("/duplicate").await,
        _ => {
            let lines = learners.iter().map(|learner| learner.email.clone()).collect::<Vec<_>>().join("\n");
            staff.send_raw("POST", &course.path("/enrollments/import"), "text/csv", Some(lines.as_bytes())).await
        }
    };
    answer.status
}

#[tokio::test(flavor = "multi_thread")]
async fn after_random_work_by_eight_at_once_all_counts_are_as_the_facts_say() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let (mut courses, mut learners, mut categories) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..6 {
        let course = CourseInProgress::published(&admin, &admin, 1).await;
        course.change(json!({ "title": format!("Course {number}") })).await;
        categories.push(admin.get(&course.path("")).await.ok()["category_id"].as_str().unwrap().to_owned());
        courses.push(course);
        learners.push(lyceum.student().await);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let background = background(&lyceum, &stop);
    let shared = Arc::new((admin, learners, courses, categories));
    let outcomes = at_once(8, |worker| {
        let shared = shared.clone();
        async move {
            let mut random = Random(1 + u64::try_from(worker).unwrap());
            let (admin, learners, courses, categories) = &*shared;
            let mut done = 0;
            for _ in 0..50 {
                let status = act(&mut random, admin, learners, courses, categories).await;
                assert!(status < 500, "{status}");
                done += u32::from(status < 300);
            }
            done
        }
    })
    .await;
    assert!(outcomes.iter().sum::<u32>() > 100, "most of it was done: {outcomes:?}");
    stop.store(true, Ordering::SeqCst);
    for task in background {
        task.await.unwrap();
    }
    lyceum.run_jobs().await;
    lyceum.assert_counts_are_as_the_facts_say().await;
    let corrected = lyceum.audited("counters.recompute").await;
    assert!(corrected.iter().all(|row| row["changes"]["corrected"]["to"] == 0), "nothing was wrong at any moment");
    let copies = "SELECT count(*) FROM course_popularity p JOIN courses c ON c.id = p.course_id AND p.category_id <> c.category_id";
    assert_eq!(lyceum.count(copies).await, 0);
}
