//! One's own password, email and account. What `docs/security.md`, 4, demands of them is in `security`.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Lyceum, PASSWORD, at_once, how_many};

const NEW_PASSWORD: &str = "quite another sentence";

async fn change_password(caller: &Caller, new: &str) -> Answer {
    caller.put("/v1/me/password", json!({ "current_password": PASSWORD, "new_password": new })).await
}

async fn change_email(caller: &Caller, email: &str) -> Answer {
    caller.put("/v1/me/email", json!({ "email": email, "password": PASSWORD })).await
}

async fn close(caller: &Caller, password: &str) -> Answer {
    caller.send("DELETE", "/v1/me", Some(json!({ "password": password }))).await
}

#[tokio::test]
async fn a_new_password_takes_the_old_ones_place_and_its_owner_is_told() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    change_password(&student, NEW_PASSWORD).await.no_content();
    student.get("/v1/me").await.ok();
    student.sign_in(PASSWORD).await.problem(401, "invalid-credentials");
    student.sign_in(NEW_PASSWORD).await.ok();
    change_password(&student, "a third sentence, longer").await.problem(403, "wrong-password");

    let mails = lyceum.mails().await;
    assert_eq!((mails.len(), &*mails[0].subject), (1, "Your password was changed"));
    let changed = lyceum.audited("user.change_password").await;
    assert_eq!(changed.len(), 1);
    assert_eq!((&changed[0]["user_id"], &changed[0]["changes"]), (&json!(student.id), &Value::Null));
}

#[tokio::test]
async fn a_new_password_obeys_the_rules() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for (password, fault) in [
        ("short", "too_short"),
        ("qwertyuiop123", "common_password"),
        (&*student.email.to_uppercase(), "guessable_password"),
        (&"x".repeat(129), "too_long"),
    ] {
        assert_eq!(change_password(&student, password).await.faults(), [format!("/new_password {fault}")]);
    }
    student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn a_change_of_email_is_audited_by_name_alone() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    change_email(&student, "new@school.test").await.is(202);
    let token = lyceum.token_mailed_to("new@school.test").await;
    student.verifies(&token).await.no_content();
    student.verifies(&token).await.problem(422, "invalid-token");
    for action in ["user.ask_for_email", "user.change_email"] {
        let rows = lyceum.audited(action).await;
        assert_eq!((rows.len(), &rows[0]["user_id"]), (1, &json!(student.id)), "{action}");
        assert_eq!(rows[0]["changes"], json!({ "email": {} }), "{action}");
    }
}

#[tokio::test]
async fn asking_for_another_email_ends_the_link_to_the_one_before() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    change_email(&student, "first@school.test").await.is(202);
    let first = lyceum.token_mailed_to("first@school.test").await;
    change_email(&student, "second@school.test").await.is(202);
    student.verifies(&first).await.problem(422, "invalid-token");
    let second = lyceum.token_mailed_to("second@school.test").await;
    change_email(&student, &student.email).await.is(202); // it stays as it is after all
    student.verifies(&second).await.problem(422, "invalid-token");
    assert_eq!(student.get("/v1/me").await.ok()["email"], student.email);
}

#[tokio::test]
async fn a_link_to_a_new_email_lives_24_hours() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    change_email(&student, "new@school.test").await.is(202);
    let token = lyceum.token_mailed_to("new@school.test").await;
    lyceum.clock.advance(chrono::TimeDelta::hours(24));
    student.verifies(&token).await.problem(422, "invalid-token");
}

#[tokio::test]
async fn an_email_that_is_somebody_elses_gets_the_same_answer_and_its_owner_a_mail() {
    let lyceum = Lyceum::new().await;
    let (student, owner) = (lyceum.student().await, lyceum.student().await);
    let known = change_email(&student, &owner.email).await.is(202);
    let mails = lyceum.mails().await;
    let told = mails.iter().find(|mail| mail.to.contains(&owner.email)).expect("a mail");
    assert_eq!(told.subject, "You already have an account");
    assert!(mails.iter().all(|mail| !mail.text.contains("token=")));
    let unknown = change_email(&student, "new@school.test").await.is(202);
    assert_eq!(known.text, unknown.text);
    assert_eq!(student.get("/v1/me").await.ok()["email"], student.email);
}

#[tokio::test]
async fn of_64_who_verify_one_new_email_one_gets_it() {
    let lyceum = Lyceum::with(|name| (name == "LIMIT_MAILS").then(|| "100".to_owned())).await;
    let mut tokens = Vec::new();
    for _ in 0..8 {
        let student = lyceum.student().await;
        change_email(&student, "new@school.test").await.is(202);
        tokens.push(lyceum.token_mailed_to("new@school.test").await);
    }
    let statuses = at_once(64, |number| {
        let (visitor, token) = (lyceum.anonymous(), tokens[number % 8].clone());
        async move { visitor.verifies(&token).await.status }
    })
    .await;
    assert_eq!(how_many(&statuses, 204), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [204, 409, 422].contains(status)), "{statuses:?}");
    assert_eq!(lyceum.count("SELECT count(*) FROM users WHERE email = 'new@school.test'").await, 1);
}

#[tokio::test]
async fn closing_takes_the_password_and_tells_the_owner() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    close(&student, "not this one").await.problem(403, "wrong-password");
    assert_eq!(student.send("DELETE", "/v1/me", None).await.faults(), ["/password required"]);
    student.get("/v1/me").await.ok();

    close(&student, PASSWORD).await.no_content();
    close(&student, PASSWORD).await.problem(401, "unauthorized");
    let mails = lyceum.mails().await;
    assert_eq!((mails.len(), &*mails[0].subject), (1, "Your account is closed"));
    let closed = lyceum.audited("user.close").await;
    assert_eq!((closed.len(), &closed[0]["user_id"]), (1, &json!(student.id)));
    assert_eq!(lyceum.audited("user.refuse_password").await.len(), 1);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    close(&admin, PASSWORD).await.problem(409, "last-administrator");
    admin.get("/v1/me").await.ok();
    lyceum.admin().await;
    close(&admin, PASSWORD).await.no_content();
}

#[tokio::test]
async fn whoever_has_a_session_does_not_guess_the_password() {
    let lyceum = Lyceum::new().await;
    let thief = lyceum.student().await;
    for _ in 0..5 {
        close(&thief, "not this one").await.problem(403, "wrong-password");
    }
    for path in ["/v1/me/password", "/v1/me/email"] {
        let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
        let mail = json!({ "email": "new@school.test", "password": PASSWORD });
        let answer = thief.put(path, if path.ends_with("email") { mail } else { body }).await;
        assert_eq!(answer.header("retry-after"), "2");
        answer.problem(429, "too-many-requests");
    }
    thief.sign_in(PASSWORD).await.ok(); // which is another count
}

#[tokio::test]
async fn they_take_a_token() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    change_password(&visitor, NEW_PASSWORD).await.problem(401, "unauthorized");
    change_email(&visitor, "new@school.test").await.problem(401, "unauthorized");
    close(&visitor, PASSWORD).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn nothing_else_can_be_set_by_them() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for field in ["role_id", "is_active", "is_email_verified", "user_id"] {
        for path in ["/v1/me/password", "/v1/me/email"] {
            let faults = student.put(path, json!({ field: true })).await.faults();
            assert!(faults.contains(&format!("/{field} unknown_field")), "{faults:?}");
        }
    }
}
