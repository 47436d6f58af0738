//! What 64 clients do at the same instant.

use std::future::Future;

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Answer, CourseInProgress, Lyceum};

/// Runs them all at once, and gives their answers.
async fn at_once<F: Future<Output = Answer> + Send + 'static>(calls: impl IntoIterator<Item = F>) -> Vec<Answer> {
    let running: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for call in running {
        answers.push(call.await.unwrap());
    }
    answers
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_enrolments_one_is_201_and_the_rest_200_with_the_same_row() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let answers = at_once((0..64).map(|_| {
        let (learner, path) = (learner.clone(), course.path("/enrollments"));
        async move { learner.post(&path, json!({})).await }
    }))
    .await;
    assert_eq!((with_status(&answers, 201), with_status(&answers, 200)), (1, 63));
    assert!(answers.iter().all(|answer| answer.body["id"] == answers[0].body["id"]));
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, 1);
    assert_eq!(lyceum.audited("enrollment.create").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_two_lessons_completed_by_64_clients_complete_the_course_once() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    course.complete(&learner, 0).await;
    let answers = at_once((0..64).map(|number| {
        let (learner, path) = (learner.clone(), format!("/v1/lessons/{}/completion", course.lessons[1 + number % 2]));
        let clock = lyceum.clock.clone();
        async move {
            clock.advance(TimeDelta::seconds(1));
            learner.put(&path, json!({})).await
        }
    }))
    .await;
    assert_eq!(with_status(&answers, 200), 64);
    let mut times: Vec<_> = answers.iter().map(|answer| &answer.body["enrollment"]["completed_at"]).collect();
    times.retain(|time| !time.is_null());
    times.dedup();
    assert_eq!(times.len(), 1, "one completed_at");
    let seen = learner.get(&enrollment).await.ok();
    assert_eq!((&seen["status"], &seen["completion_percentage"]), (&json!("completed"), &json!("100.00")));
    assert_eq!(lyceum.count("SELECT count(*) FROM lesson_completions").await, 3);
    assert_eq!(lyceum.audited("lesson_completion.create").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_edits_of_one_version_one_wins() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let version = instructor.get(&course.path("")).await.header("etag").to_owned();
    let answers = at_once((0..64).map(|number| {
        let (instructor, path) = (instructor.with_header("if-match", &version), course.path(""));
        async move { instructor.patch(&path, json!({ "title": format!("Edit {number}") })).await }
    }))
    .await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 412)), (1, 63));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_courses_with_one_slug_one_is_made() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = admin.post("/v1/categories", json!({ "name": "c" })).await.created()["id"].clone();
    let answers = at_once((0..64).map(|_| {
        let instructor = instructor.clone();
        let body = json!({ "title": "t", "description": "d", "category_id": category, "slug": "mine" });
        async move { instructor.post("/v1/courses", body).await }
    }))
    .await;
    assert_eq!((with_status(&answers, 201), with_status(&answers, 409)), (1, 63));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_taken_back_or_deleted_while_64_enrol_has_no_learner_or_stays() {
    for taken_back in [true, false] {
        let lyceum = Lyceum::new().await;
        let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        let mut callers = Vec::new();
        for _ in 0..16 {
            callers.push(lyceum.student().await);
        }
        let answers = at_once((0..64).map(|number| {
            let (learner, instructor) = (callers[number % callers.len()].clone(), instructor.clone());
            let (path, unpublish, delete) = (course.path("/enrollments"), course.path("/unpublish"), course.path(""));
            async move {
                match (number, taken_back) {
                    (20, true) => instructor.post(&unpublish, json!({})).await,
                    (20, false) => instructor.delete(&delete).await,
                    _ => learner.post(&path, json!({})).await,
                }
            }
        }))
        .await;
        for answer in &answers {
            assert!([200, 201, 204, 404, 409].contains(&answer.status), "{}", answer.text);
        }
        let enrolled = with_status(&answers, 201);
        assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, i64::try_from(enrolled).unwrap());
        let lost = "SELECT count(*) FROM enrollments e JOIN courses c ON c.id = e.course_id WHERE c.status = 'draft'";
        assert_eq!(lyceum.count(lost).await, 0, "nobody is enrolled in a draft");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_courses_with_one_title_each_has_a_slug_of_its_own() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = admin.post("/v1/categories", json!({ "name": "c" })).await.created()["id"].clone();
    let answers = at_once((0..64).map(|_| {
        let instructor = instructor.clone();
        let body = json!({ "title": "Mine", "description": "d", "category_id": category });
        async move { instructor.post("/v1/courses", body).await }
    }))
    .await;
    assert_eq!(with_status(&answers, 201), 64);
    assert_eq!(lyceum.count("SELECT count(DISTINCT slug) FROM courses").await, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_course_is_published_at_most_one_of_63_edits_of_its_draft_wins() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let answers = at_once((0..64).map(|number| {
        let (editor, path) = (instructor.with_header("if-match", "\"v1\""), course.path(""));
        let (publisher, publish) = (instructor.clone(), course.path("/publish"));
        async move {
            match number {
                32 => publisher.post(&publish, json!({})).await,
                _ => editor.patch(&path, json!({ "title": format!("Edit {number}") })).await,
            }
        }
    }))
    .await;
    assert_eq!(answers[32].status, 200, "{}", answers[32].text);
    let changed = with_status(&answers, 200);
    assert!(changed <= 2 && changed + with_status(&answers, 412) == 64);
    let seen = instructor.get(&course.path("")).await.ok();
    assert_eq!((&seen["status"], &seen["version"]), (&json!("published"), &json!(1 + changed)), "no edit was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_and_completing_at_once_leaves_what_happened() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    course.complete(&learner, 0).await;
    let answers = at_once((0..64).map(|number| {
        let (learner, enrollment) = (learner.clone(), enrollment.clone());
        let completion = format!("/v1/lessons/{}/completion", course.lessons[1 + number % 2]);
        async move {
            match number {
                40 => learner.delete(&enrollment).await,
                _ => learner.put(&completion, json!({})).await,
            }
        }
    }))
    .await;
    assert_eq!(answers[40].status, 204, "{}", answers[40].text);
    let completions = || answers.iter().enumerate().filter(|(number, _)| *number != 40);
    assert!(completions().all(|(_, answer)| [200, 403].contains(&answer.status)));
    // What was answered is kept, and whoever came after the drop left nothing.
    let completed =
        [0, 1].map(|lesson| completions().any(|(number, answer)| number % 2 == lesson && answer.status == 200));
    let kept = 1 + completed.into_iter().filter(|completed| *completed).count();
    assert_eq!(lyceum.count("SELECT count(*) FROM lesson_completions").await, i64::try_from(kept).unwrap());
    let seen = learner.get(&enrollment).await.ok();
    assert_eq!(seen["status"], "dropped");
    assert_eq!(seen["completion_percentage"], ["33.33", "66.66", "100.00"][kept - 1]);
    assert_eq!(seen["completed_at"].is_null(), kept < 3);
    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!(back["status"], if kept == 3 { "completed" } else { "active" });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_deleted_while_64_complete_it_is_gone_or_completed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let mut learners = Vec::new();
    for _ in 0..16 {
        let learner = lyceum.student().await;
        course.enroll(&learner).await;
        learners.push(learner);
    }
    let path = format!("/v1/lessons/{}", course.lessons[0]);
    let answers = at_once((0..64).map(|number| {
        let (learner, instructor, path) = (learners[number % learners.len()].clone(), instructor.clone(), path.clone());
        async move {
            match number {
                3 => instructor.delete(&path).await,
                _ => learner.put(&format!("{path}/completion"), json!({})).await,
            }
        }
    }))
    .await;
    let busy = 503; // whoever waited for too long changed nothing, and may ask again
    let again = if answers[3].status == busy { Some(instructor.delete(&path).await) } else { None };
    let deletion = again.as_ref().unwrap_or(&answers[3]);
    let deleted = deletion.status == 204;
    if !deleted {
        assert_eq!((deletion.status, &deletion.body["lessons"][0]["id"]), (409, &json!(course.lessons[0])));
    }
    let expected = if deleted { 404 } else { 200 };
    for (number, answer) in answers.iter().enumerate().filter(|(number, _)| *number != 3) {
        assert!([expected, busy].contains(&answer.status), "call {number}: {}", answer.text);
    }
    assert_ne!(with_status(&answers, expected), 0, "somebody got through");
    assert!(!deleted || lyceum.count("SELECT count(*) FROM lesson_completions").await == 0);
}

#[tokio::test]
async fn a_deletion_lists_what_was_completed_while_it_waited() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    course.enroll(&learner).await;
    let section = instructor.get(&format!("/v1/lessons/{}", course.lessons[0])).await.ok()["section_id"].clone();
    let section = format!("/v1/sections/{}", section.as_str().unwrap());
    for (path, lesson) in [(format!("/v1/lessons/{}", course.lessons[0]), 0), (section, 1)] {
        // Somebody is completing it, and has not committed.
        let mut completing = lyceum.database.begin().await.unwrap();
        sqlx::query(
            "INSERT INTO lesson_completions (id, user_id, lesson_id, enrollment_id, completed_at, created_at)
             SELECT gen_random_uuid(), user_id, $1::uuid, id, enrolled_at, enrolled_at FROM enrollments",
        )
        .bind(uuid::Uuid::parse_str(&course.lessons[lesson]).unwrap())
        .execute(&mut *completing)
        .await
        .unwrap();
        let instructor = instructor.clone();
        let deleting = tokio::spawn(async move { instructor.delete(&path).await });
        let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                       WHERE NOT granted AND datname = current_database()";
        while !deleting.is_finished() && lyceum.count(waiting).await == 0 {
            tokio::task::yield_now().await;
        }
        completing.commit().await.unwrap();
        let problem = deleting.await.unwrap().problem(409, "lesson-completed");
        let listed: Vec<_> = problem["lessons"].as_array().unwrap().iter().map(|lesson| &lesson["id"]).collect();
        assert_eq!(listed, course.lessons[..=lesson].iter().collect::<Vec<_>>());
    }
}
