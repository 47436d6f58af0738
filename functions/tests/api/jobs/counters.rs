//! Tests the counts: their values, that writers do not wait for each other, and their correction.

use serde_json::{Value, json};
use sqlx::Connection;

use crate::harness::{CourseInProgress, Lyceum};

/// What each table of counts shows.
async fn shown(lyceum: &Lyceum) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT v.counter || ' ' || coalesce(c.title, g.name, v.key) || ' ' || v.value
         FROM counter_values v LEFT JOIN courses c ON c.id::text = v.key LEFT JOIN categories g ON g.id::text = v.key
         WHERE v.counter <> 'known_words' ORDER BY 1",
    )
    .fetch_all(&lyceum.database)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_is_rolled_back_never_counts_and_what_is_open_counts_after_its_commit() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let learners = [lyceum.student().await, lyceum.student().await, lyceum.student().await];
    let popularity = "SELECT max(enrollment_count)::bigint FROM course_popularity";
    let mut owner = sqlx::PgConnection::connect(&lyceum.owner_url).await.unwrap();
    let mut expected = 0;
    for (learner, is_committed) in learners.iter().zip([false, true, false]) {
        let mut open = owner.begin().await.unwrap();
        sqlx::query("INSERT INTO enrollments (user_id, course_id) VALUES ($1::uuid, $2::uuid)")
            .bind(&learner.id)
            .bind(&course.id)
            .execute(&mut *open)
            .await
            .unwrap();
        lyceum.run_jobs().await;
        assert_eq!(lyceum.count(popularity).await, expected, "nobody sees it yet");
        if is_committed {
            open.commit().await.unwrap();
            expected += 1;
            assert_eq!(lyceum.count("SELECT count(*) FROM jobs").await, 1, "the commit left a job");
        } else {
            open.rollback().await.unwrap();
            assert_eq!(lyceum.count("SELECT count(*) FROM jobs").await, 0);
        }
        lyceum.run_jobs().await;
        assert_eq!(lyceum.count(popularity).await, expected);
    }
    lyceum.assert_counts_are_as_the_facts_say().await;
}

#[tokio::test]
async fn an_open_transaction_does_not_block_enrolling_publishing_or_counting() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let mut drafts = Vec::new();
    for _ in 0..2 {
        let draft = CourseInProgress::draft(&admin, &instructor, 1).await;
        let category = instructor.get(&course.path("")).await.ok()["category_id"].clone();
        draft.change(json!({ "category_id": category, "title": "Shared words" })).await;
        instructor.put(&draft.path("/tags"), json!(["shared"])).await.ok();
        drafts.push(draft);
    }
    let mut owner = sqlx::PgConnection::connect(&lyceum.owner_url).await.unwrap();
    let mut open = owner.begin().await.unwrap();
    for (sql, id) in [
        ("INSERT INTO enrollments (user_id, course_id) SELECT id, $1::uuid FROM users LIMIT 1", &course.id),
        ("UPDATE courses SET status = 'published' WHERE id = $1::uuid", &drafts[0].id),
    ] {
        sqlx::query(sql).bind(id).execute(&mut *open).await.unwrap();
    }
    // A row that both change would be waited for until the limit of 2 s, and answered with 503.
    course.enroll(&lyceum.student().await).await;
    instructor.post(&drafts[1].path("/publish"), json!({})).await.ok();
    lyceum.run_jobs().await;
    let tag = "SELECT course_count::bigint FROM tag_counts WHERE key = 'shared'";
    assert_eq!(lyceum.count(tag).await, 1);
    open.commit().await.unwrap();
    lyceum.run_jobs().await;
    assert_eq!(lyceum.count(tag).await, 2);
    lyceum.assert_counts_are_as_the_facts_say().await;
}

#[tokio::test]
async fn one_transaction_leaves_one_job_whatever_it_changes() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    instructor.put(&course.path("/tags"), json!(["a", "b", "c"])).await.ok();
    instructor.post(&course.path("/publish"), json!({})).await.ok();
    assert_eq!(lyceum.count("SELECT count(*) FROM jobs WHERE kind = 'fold-counters'").await, 1);
    assert!(lyceum.count("SELECT count(*) FROM counter_deltas").await > 4);
    for number in 0..3 {
        course.enroll(&lyceum.student().await).await;
        assert_eq!(lyceum.count("SELECT count(*) FROM jobs").await, number + 2);
    }
    lyceum.run_jobs().await;
    assert_eq!(lyceum.count("SELECT count(*) FROM jobs").await, 0, "one run does the work of all, and keeps no rows");
    lyceum.assert_counts_are_as_the_facts_say().await;
}

#[tokio::test]
async fn a_fold_that_fails_is_retried_as_one_and_loses_nothing() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    for _ in 0..3 {
        course.enroll(&lyceum.student().await).await;
    }
    let broken = "ALTER TABLE course_popularity ADD CONSTRAINT broken CHECK (enrollment_count < 3) NOT VALID";
    sqlx::query(broken).execute(&lyceum.database).await.unwrap();
    for attempt in 1..=5 {
        lyceum.run_jobs().await;
        let jobs = "SELECT count(*) FROM jobs WHERE attempts = $1 AND last_error LIKE '%broken%' AND (dead_at IS NULL) = ($1 < 5)";
        let failed: i64 = sqlx::query_scalar(jobs).bind(attempt).fetch_one(&lyceum.database).await.unwrap();
        assert_eq!(failed, 4, "attempt {attempt}");
        lyceum.clock.advance(chrono::TimeDelta::hours(2));
    }
    sqlx::query("ALTER TABLE course_popularity DROP CONSTRAINT broken").execute(&lyceum.database).await.unwrap();
    assert_eq!(lyceum.run("run-jobs", json!({ "redrive": true })).await, json!({ "redriven": 4 }));
    lyceum.assert_counts_are_as_the_facts_say().await;
    assert_eq!(lyceum.count("SELECT max(enrollment_count)::bigint FROM course_popularity").await, 3);
}

#[tokio::test]
async fn a_recomputation_corrects_what_is_wrong_and_leaves_what_is_right() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut courses = Vec::new();
    for title in ["One", "Two", "Three"] {
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        course.change(json!({ "title": title, "description": "Words of all." })).await;
        instructor.put(&course.path("/tags"), json!(["all", title])).await.ok();
        course.enroll(&lyceum.student().await).await;
        courses.push(course);
    }
    lyceum.run_jobs().await;
    let right = shown(&lyceum).await;
    let recompute = json!({ "recompute_counters": true });
    let none = json!({ "category_counts": 0, "course_popularity": 0, "known_words": 0, "tag_counts": 0 });
    assert_eq!(lyceum.run("maintain", recompute.clone()).await["corrected"], none);
    for broken in [
        "UPDATE course_popularity SET enrollment_count = enrollment_count + 5",
        "DELETE FROM course_popularity",
        "UPDATE category_counts SET course_count = 0",
        "DELETE FROM category_counts",
        "UPDATE tag_counts SET course_count = 7",
        "DELETE FROM tag_counts WHERE key = 'all'",
        "INSERT INTO tag_counts (key, tag, course_count) VALUES ('nobody', 'nobody', 2)",
        "DELETE FROM known_words",
        "INSERT INTO known_words (lexeme, word, course_count) VALUES (repeat('x', 40), 'x', 9)",
        "UPDATE known_words SET course_count = 1",
        "DELETE FROM counter_deltas",
    ] {
        courses[0].enroll(&lyceum.student().await).await; // a delta that waits
        sqlx::query(broken).execute(&lyceum.database).await.unwrap();
        lyceum.run("maintain", recompute.clone()).await;
        lyceum.run_jobs().await;
        lyceum.assert_counts_are_as_the_facts_say().await;
    }
    let learners: Vec<_> = right.iter().map(|one| one.replace("One 1", "One 12")).collect();
    assert_eq!(shown(&lyceum).await, learners);
    assert_eq!(lyceum.audited("counters.recompute").await.len(), 12 * 4);
}

#[tokio::test]
async fn deleted_courses_move_with_their_popularity_and_a_deleted_category_leaves_no_count() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&lyceum.student().await).await;
    let from = instructor.get(&course.path("")).await.ok()["category_id"].as_str().unwrap().to_owned();
    let to = admin.post("/v1/categories", json!({ "name": "To" })).await.created()["id"].as_str().unwrap().to_owned();
    instructor.delete(&course.path("")).await.no_content();
    admin.delete(&format!("/v1/categories/{from}?deleted_courses_to={to}")).await.no_content();
    instructor.post(&course.path("/restore"), json!({})).await.ok();
    instructor.post(&course.path("/publish"), json!({})).await;
    lyceum.run_jobs().await;
    lyceum.assert_counts_are_as_the_facts_say().await;
    let moved = "SELECT count(*) FROM course_popularity p JOIN courses c ON c.id = p.course_id WHERE p.category_id <> c.category_id";
    assert_eq!(lyceum.count(moved).await, 0);
}

#[tokio::test]
async fn rows_that_are_really_deleted_are_counted_no_more() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    instructor.put(&course.path("/tags"), json!(["gone"])).await.ok();
    let other = CourseInProgress::published(&admin, &instructor, 1).await;
    for course in [&course, &other] {
        course.enroll(&lyceum.student().await).await;
    }
    for is_folded in [true, false] {
        if is_folded {
            lyceum.run_jobs().await;
        }
        let id = if is_folded { &course.id } else { &other.id };
        for sql in ["DELETE FROM enrollments WHERE course_id = $1", "DELETE FROM courses WHERE id = $1"] {
            lyceum.change(sql, id).await;
        }
        lyceum.run_jobs().await;
        lyceum.assert_counts_are_as_the_facts_say().await;
    }
    assert_eq!(shown(&lyceum).await.iter().filter(|one| !one.ends_with(" 0")).count(), 0);
}

#[tokio::test]
async fn a_count_changes_without_touching_an_index() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    for _ in 0..12 {
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        instructor.put(&course.path("/tags"), json!(["hot"])).await.ok();
        lyceum.run_jobs().await;
    }
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(&lyceum.database).await.unwrap();
    let rows: Vec<Value> = sqlx::query_scalar(
        "SELECT jsonb_build_array(c.relname, count(i.indexrelid))
         FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND EXISTS (
           SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'course_count'
             AND (a.attnum = ANY (i.indkey::int2[]) OR pg_get_expr(i.indpred, c.oid) LIKE '%course_count%'))
         WHERE c.relname IN ('tag_counts', 'category_counts', 'known_words') GROUP BY c.relname ORDER BY 1",
    )
    .fetch_all(&lyceum.database)
    .await
    .unwrap();
    assert_eq!(json!(rows), json!([["category_counts", 0], ["known_words", 0], ["tag_counts", 0]]));
}
