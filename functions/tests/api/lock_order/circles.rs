//! Pairs of calls that waited for each other before each lock had its place in `docs/locks.md`.

use std::sync::Arc;

use serde_json::json;
use sqlx::PgConnection;

use crate::harness::{CourseInProgress, Lock, Lyceum, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn courses_that_exchange_their_words_do_not_wait_in_a_circle() {
    let lyceum = Lyceum::of_many_connections().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut courses = Vec::new();
    for _ in 0..8 {
        courses.push(Arc::new(CourseInProgress::published(&admin, &instructor, 1).await));
    }
    let words = |half: &str| {
        let words = (0..60).map(|number| format!("{half}{}{number}", "x".repeat(number % 9)));
        words.collect::<Vec<_>>().join(" ")
    };
    let texts = Arc::new([words("a"), words("b")]);
    at_once(courses.len(), |number| {
        let (course, texts) = (courses[number].clone(), texts.clone());
        async move {
            for round in 0..12 {
                course.change(json!({ "description": texts[(number + round) % 2] })).await;
            }
        }
    })
    .await;
    lyceum.assert_no_deadlock().await;
}

/// Runs a statement about the row of that id.
async fn run(transaction: &mut PgConnection, sql: &'static str, id: &str) {
    sqlx::query(sql).bind(uuid::Uuid::parse_str(id).unwrap()).execute(transaction).await.unwrap();
}

#[tokio::test]
async fn a_taken_name_is_refused_without_waiting_for_a_change_that_frees_it() {
    let lyceum = Lyceum::new().await;
    let (admin, one, other) = (lyceum.admin().await, lyceum.student().await, lyceum.student().await);
    let mut roles = Vec::new();
    for name in ["One", "Other"] {
        let role = admin.post("/v1/roles", json!({ "name": name, "permissions": [] })).await.created();
        roles.push(role["id"].as_str().unwrap().to_owned());
    }
    let mut changing = lyceum.database.begin().await.unwrap();
    run(&mut changing, "UPDATE users SET username = 'former' WHERE id = $1", &other.id).await;
    run(&mut changing, "UPDATE roles SET name = 'Former' WHERE id = $1", &roles[1]).await;
    one.patch("/v1/me", json!({ "username": other.username })).await.problem(409, "username-taken");
    let account = format!("/v1/users/{}", one.id);
    admin.patch(&account, json!({ "username": other.username })).await.problem(409, "username-taken");
    admin.patch(&format!("/v1/roles/{}", roles[0]), json!({ "name": "other" })).await.problem(409, "name-taken");
    changing.rollback().await.unwrap();
}

#[tokio::test]
async fn a_reset_locks_the_account_before_its_links() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.post("/v1/auth/forgot-password", json!({ "email": student.email })).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    let mut closing = lyceum.database.begin().await.unwrap();
    run(&mut closing, "SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", &student.id).await;
    let caller = student.clone();
    let reset = tokio::spawn(async move {
        let body = json!({ "token": token, "password": "another horse battery" });
        caller.post("/v1/auth/reset-password", body).await
    });
    lyceum.until_waiting(Lock::Row, 1).await;
    let end = "UPDATE password_reset_tokens SET used_at = created_at WHERE user_id = $1";
    run(&mut closing, end, &student.id).await; // a deadlock, if the reset had the link by now
    closing.commit().await.unwrap();
    reset.await.unwrap().problem(422, "invalid-token");
}

#[tokio::test]
async fn a_renamed_and_suspended_user_can_be_referred_to_until_their_sessions_have_ended() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    let mut refreshing = lyceum.database.begin().await.unwrap();
    run(&mut refreshing, "SELECT FROM sessions WHERE user_id = $1 FOR NO KEY UPDATE", &student.id).await;
    let account = format!("/v1/users/{}", student.id);
    let change =
        tokio::spawn(async move { admin.patch(&account, json!({ "username": "another", "is_active": false })).await });
    lyceum.until_waiting(Lock::Row, 1).await;
    // As the audit of the refresh does: a deadlock, if the username was changed by now.
    run(&mut refreshing, "SELECT FROM users WHERE id = $1 FOR KEY SHARE", &student.id).await;
    refreshing.commit().await.unwrap();
    let changed = change.await.unwrap().ok();
    assert_eq!((&changed["username"], &changed["is_active"]), (&json!("another"), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_that_are_deleted_into_each_other_do_not_wait_in_a_circle() {
    let lyceum = Lyceum::of_many_connections().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    for _ in 0..8 {
        let mut categories = Vec::new();
        for _ in 0..2 {
            let course = CourseInProgress::draft(&admin, &instructor, 0).await;
            let category = instructor.get(&course.path("")).await.ok()["category_id"].as_str().unwrap().to_owned();
            instructor.delete(&course.path("")).await.is(204);
            categories.push(category);
        }
        let answers = at_once(2, |number| {
            let admin = admin.clone();
            let (from, to) = (categories[number].clone(), categories[1 - number].clone());
            async move { admin.delete(&format!("/v1/categories/{from}?deleted_courses_to={to}")).await.status }
        })
        .await;
        assert!(answers == [204, 422] || answers == [422, 204], "{answers:?}");
    }
    lyceum.assert_no_deadlock().await;
}
