//! Responses don't show whether an account exists. Their timing is measured by `infra/bench/login-times`, because here
//! other tests share the two cores.

use serde_json::json;

use crate::harness::{Answer, FIRST_PASSWORD, Lyceum, PASSWORD};

/// The whole response without its request id.
fn shown(answer: &Answer) -> String {
    format!("{} {} {}", answer.status, answer.headers(), answer.text).replace(answer.header("x-request-id"), "")
}

#[tokio::test]
async fn failed_sign_ins_of_all_kinds_have_the_same_status_body_and_headers() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let (student, suspended, closed) = (lyceum.student().await, lyceum.student().await, lyceum.student().await);
    admin.patch(&format!("/v1/users/{}", suspended.id), json!({ "is_active": false })).await.ok();
    closed.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content();
    let invited = json!({ "email": "new@school.test", "username": "new", "first_name": "N", "last_name": "E" });
    admin.post("/v1/users", invited).await.created();
    lyceum.anonymous().register("ada").await;

    let mut answers = Vec::new();
    for (identifier, password) in [
        ("nobody@school.test", PASSWORD),
        ("nobody", "wrong"),
        (&student.email, "wrong"),
        (&student.username, "wrong"),
        (&suspended.email, PASSWORD),
        (&suspended.email, "wrong"),
        (&closed.email, PASSWORD),
        ("new@school.test", "!"),
        ("new", PASSWORD),
        ("ada@school.test", "wrong"), // not verified
        ("ada@school.test", FIRST_PASSWORD),
        ("ada", FIRST_PASSWORD),
    ] {
        answers.push(shown(&lyceum.anonymous().signs_in_as(identifier, password).await.is(401)));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(lyceum.audited("session.refuse").await.len(), answers.len());
}

#[tokio::test]
async fn requesting_a_mail_has_the_same_response_for_known_and_unknown_emails() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    lyceum.anonymous().register("ada").await;
    for (path, known) in
        [("/v1/auth/forgot-password", student.email.as_str()), ("/v1/auth/resend-verification", "ada@school.test")]
    {
        let mut answers = Vec::new();
        for email in [known, "nobody@school.test"] {
            let before = lyceum.wakes();
            let answer = lyceum.anonymous().post(path, json!({ "email": email })).await.is(202);
            answers.push((shown(&answer), lyceum.wakes() - before)); // waking the queue takes time
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
}
