use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

/// A published course of so many lessons and its learners, each of whom completed so many of them.
async fn course_under_way(lessons: usize, done: &[usize]) -> (Arc<Lyceum>, CourseInProgress, Vec<(Caller, String)>) {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, lessons).await;
    let mut learners = Vec::new();
    for done in done {
        let learner = lyceum.student().await;
        let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
        for lesson in 0..*done {
            course.complete(&learner, lesson).await;
        }
        learners.push((learner, enrollment));
    }
    (lyceum, course, learners)
}

async fn numbers(learners: &[(Caller, String)]) -> Vec<String> {
    let mut numbers = Vec::new();
    for (learner, enrollment) in learners {
        let seen = learner.get(enrollment).await.ok();
        let text = |name: &str| seen[name].as_str().unwrap().to_owned();
        numbers.push(format!("{} {}", text("status"), text("completion_percentage")));
    }
    numbers
}

async fn edit(course: &CourseInProgress, lesson: usize, changes: Value) {
    course.instructor.patch(&format!("/v1/lessons/{}", course.lessons[lesson]), changes).await.ok();
}

#[tokio::test]
async fn percentages_follow_each_edit_of_the_lessons() {
    let (lyceum, mut course, learners) = course_under_way(4, &[0, 1, 2]).await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 25.00", "active 50.00"]);

    let new = json!({ "title": "New", "content": "c", "is_published": true });
    course.add_lesson(new).await;
    assert_eq!(numbers(&learners).await[2], "active 50.00", "it follows, and does not hold the edit up");
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 20.00", "active 40.00"], "a lesson was added");

    edit(&course, 4, json!({ "is_published": false })).await;
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 25.00", "active 50.00"], "it was withdrawn");

    edit(&course, 3, json!({ "requires_completion": false })).await;
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 33.33", "active 66.66"], "one was made optional");

    edit(&course, 3, json!({ "requires_completion": true })).await;
    course.instructor.delete(&format!("/v1/lessons/{}", course.lessons[3])).await.no_content();
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 33.33", "active 66.66"], "and deleted");

    edit(&course, 0, json!({ "is_published": false })).await;
    lyceum.recompute_progress().await;
    assert_eq!(
        numbers(&learners).await,
        ["active 0.00", "active 0.00", "active 50.00"],
        "a completed one was withdrawn"
    );
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn a_section_that_moves_or_goes_takes_its_lessons_along() {
    let (lyceum, course, learners) = course_under_way(1, &[0, 0]).await;
    let (other, lessons) = (course.path("/sections"), "/v1/sections/{}/lessons");
    let other = course.instructor.post(&other, json!({ "title": "Two" })).await.created()["id"].clone();
    let other = other.as_str().unwrap();
    let lesson = json!({ "title": "Of two", "content": "c", "is_published": true });
    course.instructor.post(&lessons.replace("{}", other), lesson).await.created();
    lyceum.recompute_progress().await;
    course.complete(&learners[1].0, 0).await;
    edit(&course, 0, json!({ "section_id": other })).await;
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 50.00"], "a move within the course changes nothing");
    edit(&course, 0, json!({ "section_id": course.section })).await;
    course.instructor.delete(&format!("/v1/sections/{other}")).await.no_content();
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "completed 100.00"]);
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn an_edit_that_leaves_nothing_uncompleted_completes() {
    let (lyceum, course, learners) = course_under_way(3, &[2, 1, 0]).await;
    lyceum.clock.advance(chrono::TimeDelta::minutes(5));
    edit(&course, 2, json!({ "requires_completion": false })).await;
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["completed 100.00", "active 50.00", "active 0.00"]);
    let seen = learners[0].0.get(&learners[0].1).await.ok();
    assert_eq!((&seen["completed_at"], &seen["new_since_completion"]), (&json!("2026-11-23T20:01:00Z"), &json!(0)));
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn a_course_without_lessons_that_count_is_at_zero_and_not_completed() {
    let (lyceum, course, learners) = course_under_way(2, &[1, 0]).await;
    for lesson in 0..2 {
        edit(&course, lesson, json!({ "is_published": false })).await;
    }
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 0.00"]);
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn a_completed_enrolment_stays_completed_at_100_at_its_time() {
    let (lyceum, mut course, learners) = course_under_way(2, &[2, 1]).await;
    let completed_at = learners[0].0.get(&learners[0].1).await.ok()["completed_at"].clone();
    lyceum.clock.advance(chrono::TimeDelta::minutes(5));
    for number in 0..3 {
        let new = json!({ "title": format!("New {number}"), "content": "c", "is_published": true });
        course.add_lesson(new).await;
    }
    edit(&course, 0, json!({ "is_published": false })).await;
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["completed 100.00", "active 0.00"]);
    let seen = learners[0].0.get(&learners[0].1).await.ok();
    assert_eq!((&seen["completed_at"], &seen["new_since_completion"]), (&completed_at, &json!(3)));
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn a_dropped_enrolment_follows_and_stays_dropped() {
    let (lyceum, course, learners) = course_under_way(3, &[2]).await;
    learners[0].0.delete(&learners[0].1).await.no_content();
    edit(&course, 2, json!({ "is_published": false })).await;
    lyceum.recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["dropped 100.00"], "all of what is there, and not completed by an edit");
    assert_eq!(learners[0].0.get(&learners[0].1).await.ok()["completed_at"], Value::Null);
    lyceum.assert_progress_is_as_the_facts_say().await;
    learners[0].0.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!(numbers(&learners).await, ["completed 100.00"], "coming back, one has");
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn what_does_not_count_wakes_nobody() {
    let (lyceum, mut course, learners) = course_under_way(2, &[1]).await;
    lyceum.recompute_progress().await;
    let waiting = "SELECT count(*) FROM progress_recomputations";
    course.add_lesson(json!({ "title": "Draft", "content": "c" })).await;
    course
        .add_lesson(json!({ "title": "Optional", "content": "c", "is_published": true, "requires_completion": false }))
        .await;
    edit(&course, 0, json!({ "title": "Another title" })).await;
    let order = json!([course.lessons[3], course.lessons[2], course.lessons[1], course.lessons[0]]);
    course.instructor.put(&format!("/v1/sections/{}/lessons/order", course.section), order).await.ok();
    course.instructor.delete(&format!("/v1/lessons/{}", course.lessons[2])).await.no_content();
    assert_eq!(lyceum.count(waiting).await, 0);
    learners[0].0.delete(&learners[0].1).await.no_content();
    let admin = lyceum.admin().await;
    CourseInProgress::published(&admin, &course.instructor, 3).await;
    assert_eq!(lyceum.count(waiting).await, 0, "nor does a course without learners");
}

#[tokio::test]
async fn the_edit_itself_says_that_a_course_waits_and_a_failed_one_says_nothing() {
    let (lyceum, course, _learners) = course_under_way(2, &[1]).await;
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    course.instructor.delete(&lesson).await.problem(409, "lesson-completed");
    let waiting = "SELECT count(*) FROM progress_recomputations";
    assert_eq!(lyceum.count(waiting).await, 0);
    course.instructor.patch(&lesson, json!({ "is_published": false })).await.ok();
    assert_eq!(lyceum.count(waiting).await, 1);
}

#[tokio::test]
async fn the_message_twice_and_two_runs_at_once_end_the_same() {
    let (lyceum, course, learners) = course_under_way(4, &[1, 2, 3]).await;
    edit(&course, 0, json!({ "is_published": false })).await;
    let runs = (0..8).map(|_| {
        let lyceum = lyceum.clone();
        tokio::spawn(async move { lyceum.run_recompute_progress().await })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
    for _ in 0..2 {
        lyceum.run_recompute_progress().await;
    }
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 33.33", "active 66.66"]);
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn what_a_dead_run_took_is_taken_up_again_where_it_was_left() {
    let (lyceum, course, learners) = course_under_way(2, &[1, 1]).await;
    edit(&course, 0, json!({ "is_published": false })).await;
    let first = learners[0].1.rsplit('/').next().unwrap();
    sqlx::query("UPDATE progress_recomputations SET taken_until = $1, done_to = $2::uuid")
        .bind(lyceum.clock.now() + chrono::TimeDelta::seconds(30))
        .bind(first)
        .execute(&lyceum.database)
        .await
        .unwrap();
    lyceum.run_recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 50.00", "active 50.00"], "somebody works on it");
    lyceum.clock.advance(chrono::TimeDelta::seconds(31));
    lyceum.run_recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 50.00", "active 0.00"], "the first was done, it said");

    edit(&course, 0, json!({ "is_published": true })).await;
    sqlx::query("UPDATE progress_recomputations SET taken_until = $1, done_to = $2::uuid")
        .bind(lyceum.clock.now() + chrono::TimeDelta::seconds(30))
        .bind(first)
        .execute(&lyceum.database)
        .await
        .unwrap();
    edit(&course, 0, json!({ "is_published": false })).await;
    lyceum.run_recompute_progress().await;
    assert_eq!(numbers(&learners).await, ["active 0.00", "active 0.00"], "another edit makes it begin anew");
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn with_the_database_away_the_message_fails_and_so_comes_again() {
    let away = |name: &str| (name == "DATABASE_URL").then(|| "postgres://nobody@127.0.0.1:9/nothing".to_owned());
    let lyceum = Lyceum::with(away).await;
    assert!(matches!(lyceum.try_recompute_progress().await, Err(lyceum::Error::Unavailable(_))));
}

#[tokio::test]
async fn thousands_are_recomputed_in_batches() {
    let (lyceum, course, learners) = course_under_way(3, &[1]).await;
    sqlx::query(
        "WITH learner AS (
           INSERT INTO users (email, username, password_hash, first_name, last_name, role_id)
           SELECT 'many' || n || '@school.test', 'many' || n, 'x', 'Many', 'Of', r.id
           FROM generate_series(1, 2500) n, roles r WHERE r.name = 'student' RETURNING id),
         enrolled AS (INSERT INTO enrollments (user_id, course_id) SELECT id, $1::uuid FROM learner RETURNING id, user_id)
         SELECT count(*) FROM enrolled",
    )
    .bind(&course.id)
    .execute(&lyceum.database)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO lesson_completions (user_id, enrollment_id, lesson_id)
         SELECT user_id, id, $2::uuid FROM enrollments WHERE course_id = $1::uuid ON CONFLICT DO NOTHING",
    )
    .bind(&course.id)
    .bind(&course.lessons[0])
    .execute(&lyceum.database)
    .await
    .unwrap();
    edit(&course, 1, json!({ "requires_completion": false })).await;
    lyceum.recompute_progress().await;
    let half = "SELECT count(*) FROM enrollments WHERE completion_percentage = 50";
    assert_eq!(lyceum.count(half).await, 2501);
    edit(&course, 2, json!({ "requires_completion": false })).await;
    lyceum.recompute_progress().await;
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments WHERE status = 'completed'").await, 2501);
    assert_eq!(numbers(&learners).await, ["completed 100.00"]);
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test]
async fn the_check_finds_a_number_that_is_not_as_the_facts_say() {
    let (lyceum, course, _learners) = course_under_way(2, &[1, 2, 0]).await;
    lyceum.assert_progress_is_as_the_facts_say().await;
    for (broken, mended) in [
        (
            "completion_percentage = 49 WHERE completion_percentage = 50",
            "completion_percentage = 50 WHERE completion_percentage = 49",
        ),
        (
            "completion_percentage = 99 WHERE completed_at IS NOT NULL",
            "completion_percentage = 100 WHERE completion_percentage = 99",
        ),
        ("status = 'active' WHERE completed_at IS NOT NULL", "status = 'completed' WHERE completed_at IS NOT NULL"),
    ] {
        for (set, found) in [(broken, 1), (mended, 0)] {
            sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE enrollments SET {set}")))
                .execute(&lyceum.database)
                .await
                .unwrap();
            let checked = lyceum::learning::check::check(&mut lyceum.database.acquire().await.unwrap()).await.unwrap();
            assert_eq!((checked.enrollments, checked.differences.len()), (3, found), "{set}");
        }
    }
    edit(&course, 0, json!({ "is_published": false })).await;
    let checked = lyceum::learning::check::check(&mut lyceum.database.acquire().await.unwrap()).await.unwrap();
    assert_eq!((checked.waiting, checked.differences.len()), (2, 0), "what waits is not judged");
}
