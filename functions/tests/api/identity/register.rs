use serde_json::{Value, json};

use crate::harness::{FIRST_PASSWORD, Lyceum, PASSWORD, at_once, how_many, new_user};

#[tokio::test]
async fn a_new_student_is_mailed_a_link_and_can_sign_in_once_it_was_used() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    let answer = visitor.post("/v1/auth/register", new_user("ada")).await.is(202);
    assert_eq!(answer.text, "");

    let sign_in = json!({ "identifier": "ada", "password": "a long enough sentence" });
    visitor.post("/v1/auth/login", sign_in.clone()).await.problem(401, "invalid-credentials");
    let token = lyceum.token_mailed_to("ada@school.test").await;
    visitor.post("/v1/auth/verify-email", json!({ "token": token })).await.no_content();
    let tokens = visitor.post("/v1/auth/login", sign_in).await.ok();
    assert_eq!(tokens["user"]["role"], "student");
    assert_eq!(tokens["user"]["last_name"], "Löwe");

    let registered = lyceum.audited("user.register").await;
    assert_eq!(registered[0]["user_id"], tokens["user"]["id"]);
    assert_eq!(registered[0]["ip_address"], visitor.address);
    assert_eq!(registered[0]["changes"], Value::Null, "personal fields stay out of the log");
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let lyceum = Lyceum::new().await;
    let body = json!({ "email": "no", "username": "a b", "password": "short", "first_name": " ", "role_id": "x" });
    let mut faults = lyceum.anonymous().post("/v1/auth/register", body).await.faults();
    faults.sort();
    let expected = [
        "/email invalid_email",
        "/first_name blank",
        "/last_name required",
        "/password too_short",
        "/role_id unknown_field",
        "/username invalid_username",
    ];
    assert_eq!(faults, expected);
}

#[tokio::test]
async fn no_caller_sets_what_is_not_theirs() {
    let lyceum = Lyceum::new().await;
    for field in ["role_id", "role", "is_active", "is_email_verified", "id", "deleted_at"] {
        let mut body = new_user("ada");
        body[field] = json!(true);
        let faults = lyceum.anonymous().post("/v1/auth/register", body).await.faults();
        assert_eq!(faults, [format!("/{field} unknown_field")]);
    }
}

#[tokio::test]
async fn passwords_that_are_guessed_first_are_refused() {
    let lyceum = Lyceum::new().await;
    for (password, fault) in [
        ("qwertyuiop123", Some("common_password")),
        ("ada@school.test", Some("guessable_password")),
        ("ADA@School.Test", Some("guessable_password")),
        ("elevenchars", Some("too_short")),
        ("zwölf Zeichen", None),
    ] {
        let mut body = new_user("ada");
        body["password"] = json!(password);
        let answer = lyceum.anonymous().post("/v1/auth/register", body).await;
        match fault {
            Some(code) => assert_eq!(answer.faults(), [format!("/password {code}")]),
            None => drop(answer.is(202)),
        }
    }
}

#[tokio::test]
async fn a_known_email_gets_the_same_answer_and_its_owner_a_mail() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.student().await;
    let mut body = new_user("somebody");
    body["email"] = json!(owner.email.to_uppercase());
    let known = lyceum.anonymous().post("/v1/auth/register", body).await.is(202);
    let unknown = lyceum.anonymous().post("/v1/auth/register", new_user("other")).await.is(202);
    assert_eq!(known.text, unknown.text);

    let mails = lyceum.mails().await;
    let mail = mails.iter().find(|mail| mail.to.contains(&owner.email)).expect("a mail");
    assert_eq!(mail.subject, "You already have an account");
    assert!(!mail.text.contains("token="));
    owner.sign_in(crate::harness::PASSWORD).await.ok();
}

#[tokio::test]
async fn a_username_is_held_whether_or_not_the_email_was_known() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.student().await;
    let mut body = new_user("somebody");
    body["email"] = json!(owner.email);
    lyceum.anonymous().post("/v1/auth/register", body.clone()).await.is(202);
    lyceum.anonymous().post("/v1/auth/register", body).await.is(202);

    let mut other = new_user("SomeBody");
    other["email"] = json!("other@school.test");
    lyceum.anonymous().post("/v1/auth/register", other).await.problem(409, "username-taken");
}

#[tokio::test]
async fn a_taken_username_is_409_whatever_its_case() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().post("/v1/auth/register", new_user("ada")).await.is(202);
    let mut other = new_user("ADA");
    other["email"] = json!("other@school.test");
    lyceum.anonymous().post("/v1/auth/register", other).await.problem(409, "username-taken");
}

#[tokio::test]
async fn registering_again_before_verifying_replaces_the_names_and_the_username() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let mut again = new_user("countess");
    again["email"] = json!("ada@school.test");
    again["first_name"] = json!("Augusta");
    visitor.post("/v1/auth/register", again).await.is(202);
    let token = lyceum.token_mailed_to("ada@school.test").await;
    let body = json!({ "token": token, "password": "quite another sentence" });
    visitor.post("/v1/auth/verify-email", body).await.no_content();
    let tokens = visitor.signs_in_as("countess", "quite another sentence").await.ok();
    assert_eq!(tokens["user"]["first_name"], "Augusta");
    visitor.signs_in_as("ada", "quite another sentence").await.problem(401, "invalid-credentials");
    visitor.register("ada").await;
}

#[tokio::test]
async fn sixty_four_at_once_with_one_username_make_one_account() {
    let lyceum = Lyceum::new().await;
    let taken = at_once(64, |number| {
        let visitor = lyceum.anonymous();
        let mut body = new_user("ada");
        body["email"] = json!(format!("ada{number}@school.test"));
        async move { visitor.post("/v1/auth/register", body).await.status }
    })
    .await;
    assert_eq!(how_many(&taken, 202), 1, "{taken:?}");
    assert!(taken.iter().all(|status| [202, 409].contains(status)), "{taken:?}");
    assert_eq!(lyceum.count("SELECT count(*) FROM users").await, 1);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_told_so() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    let path = "/v1/auth/register";
    assert_eq!(visitor.send_raw("POST", path, "application/json", Some(b"{")).await.faults(), [" invalid_json"]);
    assert_eq!(visitor.send_raw("POST", path, "application/json", Some(b"[]")).await.faults(), [" wrong_type"]);
    assert_eq!(visitor.send_raw("POST", path, "application/json", Some(b"\xff")).await.faults(), [" invalid_json"]);
    visitor.send_raw("POST", path, "text/plain", Some(b"{}")).await.problem(415, "unsupported-media-type");
    let huge = vec![b' '; 1024 * 1024 + 1];
    visitor.send_raw("POST", path, "application/json", Some(&huge)).await.problem(413, "body-too-large");
    let nul = json!({ "email": "a@b.test", "username": "ada", "password": "a\0 long enough one", "first_name": "\0", "last_name": "x" });
    let mut faults = visitor.post(path, nul).await.faults();
    faults.sort();
    assert_eq!(faults, ["/first_name invalid_text", "/password invalid_text"]);
}

#[tokio::test]
async fn sixty_four_at_once_with_one_email_make_one_account_and_are_answered_alike() {
    let lyceum = Lyceum::new().await;
    let statuses = at_once(64, |number| {
        let visitor = lyceum.anonymous();
        let mut body = new_user(&format!("ada{number}"));
        body["email"] = json!("ada@school.test");
        async move { visitor.post("/v1/auth/register", body).await.status }
    })
    .await;
    assert_eq!(how_many(&statuses, 202), 64, "{statuses:?}");
    assert_eq!(lyceum.count("SELECT count(*) FROM users").await, 1);
    let token = lyceum.token_mailed_to("ada@school.test").await;
    let body = json!({ "token": token, "password": PASSWORD });
    lyceum.anonymous().post("/v1/auth/verify-email", body).await.no_content();
}

#[tokio::test]
async fn a_closed_account_keeps_its_email_and_username_until_it_is_erased() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content();
    let before = lyceum.mails().await.len();
    let mut body = new_user("somebody");
    body["email"] = json!(student.email);
    lyceum.anonymous().post("/v1/auth/register", body.clone()).await.is(202);
    assert_eq!(lyceum.mails().await.len(), before, "nobody is there to be told");
    let mut other = new_user("other");
    other["username"] = json!(student.username);
    lyceum.anonymous().post("/v1/auth/register", other.clone()).await.problem(409, "username-taken");

    lyceum.clock.advance(chrono::TimeDelta::days(30));
    lyceum.run("maintain", json!({})).await;
    lyceum.anonymous().post("/v1/auth/register", body).await.is(202);
    lyceum.anonymous().post("/v1/auth/register", other).await.is(202);
    let token = lyceum.token_mailed_to(&student.email).await;
    lyceum.anonymous().verifies(&token).await.no_content();
    lyceum.anonymous().signs_in_as(&student.email, FIRST_PASSWORD).await.ok();
    student.sign_in(PASSWORD).await.problem(401, "invalid-credentials");
}

#[tokio::test]
async fn a_suspended_unverified_account_cannot_be_registered_anew() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().register("ada").await;
    sqlx::query("UPDATE users SET is_active = false").execute(&lyceum.database).await.unwrap();
    let mut body = new_user("again");
    body["email"] = json!("ada@school.test");
    lyceum.anonymous().post("/v1/auth/register", body).await.is(202);
    assert_eq!(lyceum.count("SELECT count(*) FROM users WHERE username = 'ada' AND NOT is_active").await, 1);
}
