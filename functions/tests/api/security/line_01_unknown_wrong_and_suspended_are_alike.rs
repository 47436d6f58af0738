//! Nobody learns from a login whether there is such an account (`security.md`, 1).

use std::time::Instant;

use serde_json::json;

use crate::harness::{Answer, Caller, Lyceum, PASSWORD};

/// The whole answer but for its request id.
fn shown(answer: &Answer) -> String {
    format!("{} {} {}", answer.status, answer.headers(), answer.text).replace(answer.header("x-request-id"), "")
}

#[tokio::test]
async fn line_01_unknown_wrong_suspended_closed_and_invited_are_the_same_status_body_and_headers() {
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
        ("ada@school.test", "wrong"), // never verified
    ] {
        answers.push(shown(&lyceum.anonymous().signs_in_as(identifier, password).await.is(401)));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(lyceum.audited("session.refuse").await.len(), answers.len());
}

#[tokio::test]
async fn line_01_unverified_shows_only_after_the_right_password() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    visitor.signs_in_as("ada", "wrong").await.problem(401, "invalid-credentials");
    visitor.signs_in_as("ada", crate::harness::FIRST_PASSWORD).await.problem(403, "email-not-verified");
}

#[tokio::test]
async fn line_01_asking_for_a_mail_is_alike_for_a_known_and_an_unknown_email() {
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
            answers.push((shown(&answer), lyceum.wakes() - before)); // waking the queue takes its time
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
}

/// The times themselves are asserted by nobody here: two cores shared with other tests say little. They are printed
/// for whoever wants to see them (`cargo test line_01 -- --ignored --nocapture`).
#[tokio::test]
#[ignore = "measures; it takes a while, and a quiet machine"]
async fn line_01_the_median_times_of_unknown_wrong_and_suspended() {
    let lyceum = Lyceum::with(|name| name.starts_with("LIMIT_").then(|| "1000000".to_owned())).await;
    let (student, suspended) = (lyceum.student().await, lyceum.student().await);
    lyceum.change("UPDATE users SET is_active = false WHERE id = $1", &suspended.id).await;
    let cases = [
        ("unknown", "nobody@school.test", "wrong"),
        ("wrong", &student.email, "wrong"),
        ("suspended", &suspended.email, PASSWORD),
    ];
    let mut times = [const { Vec::new() }; 3];
    let visitor = lyceum.anonymous();
    for number in 0..3 * 300 {
        let case = (number + number / 3) % 3; // in changing order
        let (_, identifier, password) = cases[case];
        times[case].push(time(&visitor, identifier, password).await);
    }
    for ((name, ..), times) in cases.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!("{name}: median {:.2} ms", times[times.len() / 2] * 1000.0);
    }
}

async fn time(visitor: &Caller, identifier: &str, password: &str) -> f64 {
    let began = Instant::now();
    visitor.signs_in_as(identifier, password).await.is(401);
    began.elapsed().as_secs_f64()
}
