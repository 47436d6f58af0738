use serde_json::{Value, json};

use crate::harness::Lyceum;

fn new_user(username: &str) -> Value {
    json!({
        "email": format!("{username}@school.test"), "username": username, "password": "a long enough sentence",
        "first_name": "Ada", "last_name": "Löwe",
    })
}

#[tokio::test]
async fn a_new_student_is_mailed_a_link_and_can_sign_in_once_it_was_used() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    let answer = visitor.post("/v1/auth/register", new_user("ada")).await.is(202);
    assert_eq!(answer.text, "");

    let sign_in = json!({ "identifier": "ada", "password": "a long enough sentence" });
    visitor.post("/v1/auth/login", sign_in.clone()).await.problem(403, "email-not-verified");
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
async fn registering_again_before_verifying_replaces_what_was_registered() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.post("/v1/auth/register", new_user("ada")).await.is(202);
    let first = lyceum.token_mailed_to("ada@school.test").await;
    let mut again = new_user("countess");
    again["email"] = json!("ada@school.test");
    again["password"] = json!("quite another sentence");
    visitor.post("/v1/auth/register", again).await.is(202);
    let second = lyceum.token_mailed_to("ada@school.test").await;

    visitor.post("/v1/auth/verify-email", json!({ "token": first })).await.problem(422, "invalid-token");
    visitor.post("/v1/auth/verify-email", json!({ "token": second })).await.no_content();
    let old = json!({ "identifier": "ada@school.test", "password": "a long enough sentence" });
    visitor.post("/v1/auth/login", old).await.problem(401, "invalid-credentials");
    let new = json!({ "identifier": "countess", "password": "quite another sentence" });
    visitor.post("/v1/auth/login", new).await.ok();
}

#[tokio::test]
async fn sixty_four_at_once_with_one_username_make_one_account() {
    let lyceum = Lyceum::new().await;
    let calls = (0..64).map(|number| {
        let visitor = lyceum.anonymous();
        let mut body = new_user("ada");
        body["email"] = json!(format!("ada{number}@school.test"));
        tokio::spawn(async move { visitor.post("/v1/auth/register", body).await.status })
    });
    let mut taken = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        taken.push(call.await.unwrap());
    }
    assert_eq!(taken.iter().filter(|status| **status == 202).count(), 1, "{taken:?}");
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
