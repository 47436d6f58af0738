use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum, PASSWORD};

async fn close(caller: &Caller) {
    caller.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content();
}

/// Moves the clock to the day of the erasure, and lets it happen.
async fn erase(lyceum: &Arc<Lyceum>) {
    lyceum.clock.advance(TimeDelta::days(30));
    lyceum.run("maintain", json!({})).await;
}

#[tokio::test]
async fn closing_takes_the_password_and_is_felt_at_once() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let other_device = student.again().await;
    lyceum
        .anonymous()
        .send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD })))
        .await
        .problem(401, "unauthorized");
    student.send("DELETE", "/v1/me", Some(json!({ "password": "not it at all" }))).await.problem(403, "wrong-password");
    assert_eq!(student.send("DELETE", "/v1/me", Some(json!({}))).await.faults(), ["/password required"]);
    student.get("/v1/me").await.ok();
    close(&student).await;
    for device in [&student, &other_device] {
        device.get("/v1/me").await.problem(401, "unauthorized");
    }
    student.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.problem(401, "unauthorized");
    student.sign_in(PASSWORD).await.problem(401, "invalid-credentials");
    let rows = lyceum.audited("user.close").await;
    assert_eq!((rows.len(), &rows[0]["user_id"], &rows[0]["resource_id"]), (1, &json!(student.id), &json!(student.id)));
    let mails = lyceum.mails().await;
    assert!(mails.iter().any(|mail| mail.to.contains(&student.email) && mail.text.contains("30 days")), "{mails:?}");
}

#[tokio::test]
async fn links_that_were_mailed_before_die_with_the_account() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.post("/v1/auth/forgot-password", json!({ "email": student.email })).await.is(202);
    let reset = lyceum.token_mailed_to(&student.email).await;
    student.put("/v1/me/email", json!({ "email": "new@school.test", "password": PASSWORD })).await.is(202);
    let change = lyceum.token_mailed_to("new@school.test").await;
    let refresh = student.sign_in(PASSWORD).await.ok()["refresh_token"].clone();
    close(&student).await;
    let anyone = lyceum.anonymous();
    let reset = json!({ "token": reset, "password": "four words and more" });
    anyone.post("/v1/auth/reset-password", reset).await.problem(422, "invalid-token");
    anyone.post("/v1/auth/verify-email", json!({ "token": change })).await.problem(422, "invalid-token");
    anyone.post("/v1/auth/refresh", json!({ "refresh_token": refresh })).await.problem(401, "invalid-refresh-token");
    let before = lyceum.mails().await.len();
    anyone.post("/v1/auth/forgot-password", json!({ "email": student.email })).await.is(202);
    assert_eq!(lyceum.mails().await.len(), before, "nobody is mailed a link any more");
}

#[tokio::test]
async fn a_closed_instructor_is_a_former_user_everywhere_at_once() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    let instructor = lyceum.instructor().await;
    let named = json!({ "first_name": "Whisper", "last_name": "Whisperson", "bio": "Whispers." });
    instructor.patch("/v1/me", named).await.ok();
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = course.enroll(&student).await;
    let before = student.get(&course.path("")).await;
    let tag = before.header("etag").to_owned();
    assert_eq!(before.ok()["instructor"]["first_name"], "Whisper");
    close(&instructor).await;

    let after = student.with_header("if-none-match", &tag).get(&course.path("")).await;
    let shown = after.ok();
    assert_eq!(
        shown["instructor"],
        json!({ "id": instructor.id, "first_name": "Former", "last_name": "user", "profile_picture_url": null, "bio": null })
    );
    for path in [
        course.path(""),
        course.path("/outline"),
        "/v1/courses".to_owned(),
        "/v1/me/enrollments".to_owned(),
        format!("/v1/enrollments/{enrollment}"),
        format!("/v1/lessons/{}", course.lessons[0]),
        "/v1/me/export".to_owned(),
    ] {
        let answer = student.get(&path).await.is(200);
        assert!(!answer.text.contains("Whisper"), "{path}: {}", answer.text);
    }
    course.complete(&student, 0).await; // learning goes on
    // restored, it is as it was
    admin.post(&format!("/v1/users/{}/restore", instructor.id), json!({})).await.ok();
    assert_eq!(student.get(&course.path("")).await.ok()["instructor"]["first_name"], "Whisper");
}

#[tokio::test]
async fn a_closed_account_is_not_enrolled_by_staff_and_its_name_and_email_stay_taken() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    close(&student).await;
    for target in [json!({ "user_id": student.id }), json!({ "email": student.email })] {
        let faults = instructor.post(&course.path("/enrollments"), target).await.faults();
        assert!(faults[0].ends_with("unknown_user"), "{faults:?}");
    }
    let again = json!({ "email": "other@school.test", "username": student.username, "password": PASSWORD, "first_name": "A", "last_name": "B" });
    lyceum.anonymous().post("/v1/auth/register", again).await.problem(409, "username-taken");
    let again = json!({ "email": student.email, "username": "another", "password": PASSWORD, "first_name": "A", "last_name": "B" });
    lyceum.anonymous().post("/v1/auth/register", again).await.is(202);
    assert_eq!(admin.get(&format!("/v1/users?q={}", student.email)).await.ok()["data"], json!([]));
}

#[tokio::test]
async fn after_30_days_what_is_personal_is_gone_and_what_was_learned_stays() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 3).await;
    student.patch("/v1/me", json!({ "first_name": "Whisper", "bio": "Whispers." })).await.ok();
    let enrollment = course.enroll(&student).await;
    let notes = json!({ "notes": "Whispered.", "time_spent_minutes": 7 });
    student.put(&format!("/v1/lessons/{}/completion", course.lessons[0]), notes).await.ok();
    let progress = format!("/v1/enrollments/{enrollment}");
    let before = instructor.get(&progress).await.ok();
    let rows = format!("SELECT count(*) FROM audit_logs WHERE user_id = '{}'", student.id);
    let audited: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(rows.clone())).fetch_one(&lyceum.database).await.unwrap();
    close(&student).await;
    erase(&lyceum).await;

    let (admin, instructor) = (admin.again().await, instructor.again().await);
    let erased = admin.get(&format!("/v1/users/{}?deleted=true", student.id)).await.ok();
    for (field, value) in [
        ("email", json!(format!("{}@erased.invalid", student.id))),
        ("first_name", json!("Former")),
        ("last_name", json!("user")),
        ("bio", Value::Null),
        ("profile_picture_url", Value::Null),
        ("last_login", Value::Null),
    ] {
        assert_eq!(erased[field], value, "{field}");
    }
    let after = instructor.get(&progress).await.ok();
    assert_eq!(after["completion_percentage"], before["completion_percentage"]);
    assert_eq!(after["completion_percentage"], "33.33");
    assert_eq!((&after["status"], &after["user_id"]), (&before["status"], &before["user_id"]));
    let lesson = &after["sections"][0]["lessons"][0];
    assert_eq!(lesson["completed_at"], before["sections"][0]["lessons"][0]["completed_at"]);
    assert_eq!((&lesson["time_spent_minutes"], &lesson["notes"]), (&json!(7), &Value::Null));
    let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&lyceum.database).await.unwrap();
    assert_eq!(left, audited + 1, "the log is whole, with the row of the closing");

    // no column of any table still holds a word of theirs
    let everything: Vec<String> = sqlx::query_scalar(
        "SELECT format('SELECT coalesce(string_agg(t::text, chr(10)), '''') FROM %I t', table_name) FROM information_schema.tables
         WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
    )
    .fetch_all(&lyceum.database)
    .await
    .unwrap();
    for query in everything {
        let rows: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query.clone())).fetch_one(&lyceum.database).await.unwrap();
        for word in ["Whisper", student.email.as_str(), student.username.as_str()] {
            assert!(!rows.contains(word), "{word} by {query}");
        }
    }
}

#[tokio::test]
async fn after_30_days_the_email_and_the_username_are_free_again() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    close(&student).await;
    erase(&lyceum).await;
    let again = json!({ "email": student.email, "username": student.username, "password": PASSWORD, "first_name": "New", "last_name": "Person" });
    let visitor = lyceum.anonymous();
    visitor.post("/v1/auth/register", again).await.is(202);
    let token = lyceum.token_mailed_to(&student.email).await;
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.no_content();
    let login = json!({ "identifier": student.email, "password": PASSWORD });
    let signed_in = visitor.post("/v1/auth/login", login).await.ok();
    assert_ne!(signed_in["user"]["id"], student.id);
    let token = signed_in["access_token"].as_str().unwrap();
    let export = visitor.with_token(token).get("/v1/me/export").await.is(200);
    assert!(!export.text.contains(&student.id), "nothing is handed down: {}", export.text);
}

#[tokio::test]
async fn a_completed_course_of_an_erased_learner_stays_completed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = course.enroll(&student).await;
    course.complete(&student, 0).await;
    close(&student).await;
    erase(&lyceum).await;
    course.instructor = instructor.again().await;
    course.add_lesson(json!({ "title": "Later", "markdown_content": "Text.", "is_published": true })).await;
    let after = course.instructor.get(&format!("/v1/enrollments/{enrollment}")).await.ok();
    assert_eq!((&after["status"], &after["completion_percentage"]), (&json!("completed"), &json!("100.00")));
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    course.instructor.delete(&lesson).await.problem(409, "lesson-completed");
}
