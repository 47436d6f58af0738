//! Emails and usernames are normalised once, and looked up, counted and kept apart by the normalised value. Protects
//! against H4 (spellings that walk past the limits) and H11 (usernames that look alike).

use serde_json::json;

use crate::harness::{Caller, FIRST_PASSWORD, Lyceum, PASSWORD, new_user};

async fn registers(visitor: &Caller, email: &str, username: &str) -> crate::harness::Answer {
    let mut body = new_user(username);
    body["email"] = json!(email);
    visitor.post("/v1/auth/register", body).await
}

#[tokio::test]
async fn all_spellings_that_sign_in_share_one_count_of_failures() {
    let lyceum = Lyceum::new().await;
    registers(&lyceum.anonymous(), "ibrahim@school.test", "ibrahim").await.is(202);
    lyceum.anonymous().verifies(&lyceum.token_mailed_to("ibrahim@school.test").await).await.no_content();
    let guesser = lyceum.anonymous();
    let spellings = ["ibrahim", "İbrahim", "IBRAHİM", "ｉbrahim", " Ibrahim "];
    for spelling in spellings {
        guesser.signs_in_as(spelling, "wrong").await.problem(401, "invalid-credentials");
    }
    for spelling in spellings {
        guesser.signs_in_as(spelling, FIRST_PASSWORD).await.problem(429, "too-many-requests");
    }
}

#[tokio::test]
async fn all_spellings_of_an_email_share_one_count_of_failures() {
    let lyceum = Lyceum::new().await;
    registers(&lyceum.anonymous(), "nina@m\u{fc}ller.test", "nina").await.is(202);
    lyceum.anonymous().verifies(&lyceum.token_mailed_to("nina@xn--mller-kva.test").await).await.no_content();
    let guesser = lyceum.anonymous();
    let spellings = [
        "nina@m\u{fc}ller.test",
        "NINA@MÜLLER.TEST",
        "nina@xn--mller-kva.test",
        "nina@mu\u{308}ller.test",
        "nina\u{ff20}müller.test",
    ];
    for spelling in spellings {
        guesser.signs_in_as(spelling, "wrong").await.problem(401, "invalid-credentials");
    }
    guesser.signs_in_as("nina@müller.test", FIRST_PASSWORD).await.problem(429, "too-many-requests");
}

#[tokio::test]
async fn an_account_signs_in_with_its_username_in_any_case_of_its_script() {
    let lyceum = Lyceum::new().await;
    for (number, (registered, typed)) in [
        ("ΓΙΩΡΓΟΣ", "γιωργος"),
        ("νικος", "ΝΙΚΟΣ"),
        ("İbrahim", "İBRAHİM"),
        ("straße", "STRASSE"),
        ("विद्यार्थी", "विद्यार्थी"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("learner{number}@school.test");
        registers(&lyceum.anonymous(), &email, registered).await.is(202);
        lyceum.anonymous().verifies(&lyceum.token_mailed_to(&email).await).await.no_content();
        let signed_in = lyceum.anonymous().signs_in_as(typed, FIRST_PASSWORD).await.ok();
        assert_eq!(signed_in["user"]["username"], registered);
    }
}

#[tokio::test]
async fn a_username_that_looks_like_another_is_taken() {
    let lyceum = Lyceum::new().await;
    registers(&lyceum.anonymous(), "ace@school.test", "ace").await.is(202);
    for (number, like) in ["асе", "ＡＣＥ", "Ace", "ас\u{435}"].into_iter().enumerate() {
        let email = format!("other{number}@school.test");
        registers(&lyceum.anonymous(), &email, like).await.problem(409, "username-taken");
    }
    let student = lyceum.student().await;
    student.patch("/v1/me", json!({ "username": "асе" })).await.problem(409, "username-taken");
}

#[tokio::test]
async fn a_username_of_invisible_or_mixed_letters_is_refused_by_every_call_that_takes_one() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    for (username, code) in [
        ("\u{200b}\u{200b}\u{200b}", "invalid_username"),
        ("ad\u{200d}a", "invalid_username"),
        ("\u{3164}\u{3164}\u{3164}", "invalid_username"),
        ("p\u{430}ypal", "mixed_scripts"),
    ] {
        let fault = [format!("/username {code}")];
        assert_eq!(registers(&lyceum.anonymous(), "new@school.test", username).await.faults(), fault);
        assert_eq!(student.patch("/v1/me", json!({ "username": username })).await.faults(), fault);
        let invitation =
            json!({ "email": "new@school.test", "username": username, "first_name": "N", "last_name": "E" });
        assert_eq!(admin.post("/v1/users", invitation).await.faults(), fault);
    }
}

#[tokio::test]
async fn an_address_that_no_mail_can_reach_is_refused_by_every_call_that_takes_one() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    for email in ["Anna Muster <a@x.test>", "\"a b\"@x.test", "a@[127.0.0.1]", "a@localhost", "jos\u{e9}@x.test"] {
        let fault = ["/email invalid_email"];
        assert_eq!(registers(&lyceum.anonymous(), email, "anna").await.faults(), fault);
        let invitation = json!({ "email": email, "username": "anna", "first_name": "A", "last_name": "M" });
        assert_eq!(admin.post("/v1/users", invitation).await.faults(), fault);
        assert_eq!(student.put("/v1/me/email", json!({ "email": email, "password": PASSWORD })).await.faults(), fault);
        assert_eq!(student.post("/v1/auth/forgot-password", json!({ "email": email })).await.faults(), fault);
        assert_eq!(student.post("/v1/auth/resend-verification", json!({ "email": email })).await.faults(), fault);
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM outbox").await, 0);
}

#[tokio::test]
async fn an_internationalised_domain_and_its_punycode_are_one_account() {
    let lyceum = Lyceum::new().await;
    registers(&lyceum.anonymous(), "a@M\u{fc}nchen.test", "anna").await.is(202);
    lyceum.anonymous().verifies(&lyceum.token_mailed_to("a@xn--mnchen-3ya.test").await).await.no_content();
    let admin = lyceum.admin().await;
    let invitation = json!({ "email": "a@münchen.test", "username": "other", "first_name": "A", "last_name": "M" });
    admin.post("/v1/users", invitation).await.problem(409, "email-taken");
    lyceum.anonymous().signs_in_as("a@MÜNCHEN.test", FIRST_PASSWORD).await.ok();
}

#[tokio::test]
async fn a_name_that_shows_nothing_is_refused() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for name in ["\u{200b}\u{200b}", "\u{2060}", "\u{ad}", "\u{3164}", "\u{2800}", "\u{feff} \u{200d}"] {
        assert_eq!(student.patch("/v1/me", json!({ "first_name": name })).await.faults(), ["/first_name blank"]);
    }
    student.patch("/v1/me", json!({ "first_name": "می\u{200c}نا" })).await.ok();
}

#[tokio::test]
async fn one_character_that_unicode_expands_is_no_password_of_twelve() {
    let lyceum = Lyceum::new().await;
    let mut body = new_user("ada");
    body["password"] = json!("\u{fdfa}");
    assert_eq!(lyceum.anonymous().post("/v1/auth/register", body).await.faults(), ["/password too_short"]);
}
