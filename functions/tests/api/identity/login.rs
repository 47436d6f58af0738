use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Lyceum, PASSWORD};

#[tokio::test]
async fn an_email_or_a_username_in_any_case_signs_in() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for identifier in
        [&student.email, &student.username, &student.email.to_uppercase(), &format!(" {} ", student.email)]
    {
        let body = json!({ "identifier": identifier, "password": PASSWORD });
        let tokens = lyceum.anonymous().post("/v1/auth/login", body).await.ok();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 900);
        assert_eq!(tokens["user"]["id"], student.id);
        assert!(tokens["user"].get("password_hash").is_none());
        let token = tokens["access_token"].as_str().unwrap();
        lyceum.anonymous().with_token(token).get("/v1/me").await.ok();
    }
    let signed_in = lyceum.audited("session.create").await;
    assert_eq!(signed_in.len(), 5);
    assert_eq!(signed_in[0]["user_id"], student.id);
}

#[tokio::test]
async fn unknown_wrong_and_suspended_are_the_same_401() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let suspended = lyceum.student().await;
    sqlx::query("UPDATE users SET is_active = false WHERE id = $1::uuid")
        .bind(&suspended.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    let mut bodies = Vec::new();
    for (identifier, password) in
        [("nobody@school.test", PASSWORD), (&student.email, "wrong"), (&suspended.email, PASSWORD)]
    {
        let body = json!({ "identifier": identifier, "password": password });
        let mut problem = lyceum.anonymous().post("/v1/auth/login", body).await.problem(401, "invalid-credentials");
        problem["instance"] = Value::Null;
        bodies.push(problem);
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    assert_eq!(lyceum.audited("session.refuse").await.len(), 3);
}

#[tokio::test]
async fn tokens_are_stored_as_hashes() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let tokens = student.sign_in(PASSWORD).await.ok();
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let stored: Vec<String> =
        sqlx::query_scalar("SELECT token FROM refresh_tokens").fetch_all(&lyceum.database).await.unwrap();
    assert!(stored.iter().all(|token| token != refresh_token && token.len() == 64));
}

#[tokio::test]
async fn an_access_token_ends_after_15_minutes_and_30_seconds_of_leeway() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    lyceum.clock.advance(TimeDelta::seconds(15 * 60 + 30));
    student.get("/v1/me").await.ok();
    lyceum.clock.advance(TimeDelta::seconds(1));
    let answer = student.get("/v1/me").await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    answer.problem(401, "unauthorized");
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let parts: Vec<_> = student.token().split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"; // {"alg":"none","typ":"JWT"}
    let hmac = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"; // {"alg":"HS256","typ":"JWT"}
    let forged = [
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        format!("{none}.{}.", parts[1]),
        format!("{hmac}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1].chars().rev().collect::<String>(), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
    ];
    for token in forged {
        lyceum.anonymous().with_token(&token).get("/v1/me").await.problem(401, "unauthorized");
        lyceum.anonymous().with_token(&token).get("/v1/courses").await.problem(401, "unauthorized");
    }
    lyceum.anonymous().with_header("authorization", "Basic abc").get("/v1/me").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn what_ended_is_felt_by_the_very_next_call() {
    let ends = [
        "UPDATE sessions SET ended_at = now()",
        "UPDATE users SET is_active = false",
        "UPDATE users SET deleted_at = now()",
        "UPDATE signing_keys SET retired_at = '2026-01-01'",
    ];
    for end in ends {
        let lyceum = Lyceum::new().await;
        let student = lyceum.student().await;
        if !end.contains("signing_keys") {
            student.get("/v1/me").await.ok(); // a verifier trusts a key for five minutes
        }
        sqlx::query(end).execute(&lyceum.database).await.unwrap();
        student.get("/v1/me").await.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_lost_permission_is_felt_by_the_very_next_call() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    sqlx::query("UPDATE users SET role_id = (SELECT id FROM roles WHERE name = 'student')")
        .execute(&lyceum.database)
        .await
        .unwrap();
    admin.post("/v1/categories", json!({ "name": "x" })).await.problem(403, "forbidden");
    let refused = lyceum.audited("request.refuse").await;
    assert_eq!(refused[0]["user_id"], admin.id);
    assert_eq!(refused[0]["changes"]["route"]["to"], "POST /v1/categories");
}

#[tokio::test]
async fn missing_fields_are_told() {
    let lyceum = Lyceum::new().await;
    let faults = lyceum.anonymous().post("/v1/auth/login", json!({ "identifier": 1, "x": 2 })).await.faults();
    assert_eq!(faults, ["/identifier wrong_type", "/x unknown_field", "/password required"]);
}

#[tokio::test]
async fn every_keyboard_writes_the_same_password() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    let mut body = crate::harness::new_user("ada");
    body["password"] = json!("\u{fb01}fteen \u{e9}clairs, please");
    visitor.post("/v1/auth/register", body).await.is(202);
    visitor.verifies(&lyceum.token_mailed_to("ada@school.test").await).await.no_content();
    visitor.signs_in_as("ada", "fifteen e\u{301}clairs, please").await.ok();
    visitor.signs_in_as("ada", "Fifteen \u{e9}clairs, please").await.problem(401, "invalid-credentials");
}

#[tokio::test]
async fn each_login_is_a_session_of_its_own_and_the_last_is_noted() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    lyceum.clock.advance(TimeDelta::hours(1));
    let (one, other) = (student.sign_in(PASSWORD).await.ok(), student.sign_in(PASSWORD).await.ok());
    assert_ne!(one["refresh_token"], other["refresh_token"]);
    assert_ne!(one["access_token"], other["access_token"]);
    let noted: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("SELECT last_login FROM users").fetch_one(&lyceum.database).await.unwrap();
    assert_eq!(noted, lyceum.clock.now());
}

#[tokio::test]
async fn a_refusal_is_audited_with_whose_account_it_was_and_no_word_of_what_was_typed() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let visitor = lyceum.anonymous();
    visitor.signs_in_as(&student.email, "a secret slip").await.is(401);
    visitor.signs_in_as("nobody@school.test", "a secret slip").await.is(401);
    let refused = lyceum.audited("session.refuse").await;
    assert_eq!((&refused[0]["user_id"], &refused[1]["user_id"]), (&json!(student.id), &Value::Null));
    assert!(refused.iter().all(|row| row["ip_address"] == visitor.address && row["changes"].is_null()));
}

#[tokio::test]
async fn an_answer_with_tokens_is_kept_by_no_cache() {
    let lyceum = Lyceum::new().await;
    let answer = lyceum.student().await.sign_in(PASSWORD).await;
    assert_eq!(answer.header("cache-control"), "no-store");
}
