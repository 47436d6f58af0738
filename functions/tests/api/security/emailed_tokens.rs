//! Tokens in mailed links: stored as hashes, usable once, and only for a limited time.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Caller, FIRST_PASSWORD, Lyceum, PASSWORD, at_once, how_many};

const NEW_PASSWORD: &str = "quite another sentence";

/// Returns a student who requested a password reset, and the mailed token.
async fn with_reset_token(lyceum: &Arc<Lyceum>) -> (Caller, String) {
    let student = lyceum.student().await;
    student.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    (student, token)
}

#[tokio::test]
async fn tokens_have_256_bits_and_only_their_hash_is_stored() {
    let lyceum = Lyceum::new().await;
    let (student, reset) = with_reset_token(&lyceum).await;
    lyceum.anonymous().register("ada").await;
    let verification = lyceum.token_mailed_to("ada@school.test").await;
    student.put("/v1/me/email", json!({ "email": "new@school.test", "password": PASSWORD })).await.is(202);
    let change = lyceum.token_mailed_to("new@school.test").await;
    let refresh = student.sign_in(PASSWORD).await.ok()["refresh_token"].as_str().unwrap().to_owned();
    let tokens = [reset, verification, change, refresh];
    for token in &tokens {
        assert_eq!(token.len(), 43, "32 bytes in base64url: {token}");
    }
    let mut seen = 0;
    for table in [
        "users",
        "email_verification_tokens",
        "password_reset_tokens",
        "email_changes",
        "refresh_tokens",
        "outbox",
        "audit_logs",
    ] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT to_jsonb(t)::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&lyceum.database).await.unwrap();
        assert!(!rows.is_empty(), "{table}");
        for row in rows {
            assert!(tokens.iter().all(|token| !row.contains(token)), "{row}");
            seen += tokens.iter().filter(|token| row.contains(&sha256(token))).count();
        }
    }
    assert_eq!(seen, 4, "each token is stored once, as its SHA-256");
}

fn sha256(text: &str) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()))
}

#[tokio::test]
async fn a_reset_token_works_once() {
    let lyceum = Lyceum::new().await;
    let (student, token) = with_reset_token(&lyceum).await;
    student.resets_password(&token, NEW_PASSWORD).await.no_content();
    student.resets_password(&token, "a third sentence, longer").await.problem(422, "invalid-token");
    lyceum.anonymous().signs_in_as(&student.email, NEW_PASSWORD).await.ok();
}

#[tokio::test]
async fn of_64_concurrent_resets_one_succeeds() {
    let lyceum = Lyceum::new().await;
    let (student, token) = with_reset_token(&lyceum).await;
    let statuses = at_once(64, |number| {
        let (visitor, token) = (lyceum.anonymous(), token.clone());
        async move { visitor.resets_password(&token, &format!("the sentence of number {number}")).await.status }
    })
    .await;
    assert_eq!(how_many(&statuses, 204), 1, "{statuses:?}");
    assert_eq!(how_many(&statuses, 422), 63, "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 204).unwrap();
    let password = format!("the sentence of number {winner}");
    lyceum.anonymous().signs_in_as(&student.email, &password).await.ok();
    assert_eq!(lyceum.audited("user.reset_password").await.len(), 1);
}

#[tokio::test]
async fn a_reset_token_expires_after_30_minutes() {
    let lyceum = Lyceum::new().await;
    let (student, token) = with_reset_token(&lyceum).await;
    lyceum.clock.advance(TimeDelta::minutes(30) - TimeDelta::seconds(1));
    student.resets_password(&token, "short").await.is(422);
    let (late, late_token) = with_reset_token(&lyceum).await;
    student.resets_password(&token, NEW_PASSWORD).await.no_content();
    lyceum.clock.advance(TimeDelta::minutes(30));
    late.resets_password(&late_token, NEW_PASSWORD).await.problem(422, "invalid-token");
}

#[tokio::test]
async fn a_verification_token_expires_after_24_hours() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    visitor.register("bob").await;
    let late = lyceum.token_mailed_to("bob@school.test").await;
    lyceum.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    visitor.verifies(&token).await.no_content();
    lyceum.clock.advance(TimeDelta::seconds(1));
    visitor.verifies(&late).await.problem(422, "invalid-token");
}

#[tokio::test]
async fn requesting_a_new_link_invalidates_the_old_one() {
    let lyceum = Lyceum::new().await;
    let (student, old) = with_reset_token(&lyceum).await;
    student.forgets_password(&student.email).await;
    let new = lyceum.token_mailed_to(&student.email).await;
    student.resets_password(&old, NEW_PASSWORD).await.problem(422, "invalid-token");
    student.resets_password(&new, NEW_PASSWORD).await.no_content();

    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let old = lyceum.token_mailed_to("ada@school.test").await;
    visitor.post("/v1/auth/resend-verification", json!({ "email": "ada@school.test" })).await.is(202);
    let new = lyceum.token_mailed_to("ada@school.test").await;
    visitor.verifies(&old).await.problem(422, "invalid-token");
    visitor.verifies(&new).await.no_content();
}

#[tokio::test]
async fn changing_the_password_or_email_invalidates_reset_links() {
    let lyceum = Lyceum::new().await;
    let (student, token) = with_reset_token(&lyceum).await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    student.put("/v1/me/password", body).await.no_content();
    student.resets_password(&token, "a third sentence, longer").await.problem(422, "invalid-token");

    let (student, token) = with_reset_token(&lyceum).await;
    student.put("/v1/me/email", json!({ "email": "new@school.test", "password": PASSWORD })).await.is(202);
    student.verifies(&lyceum.token_mailed_to("new@school.test").await).await.no_content();
    student.resets_password(&token, NEW_PASSWORD).await.problem(422, "invalid-token");
}

#[tokio::test]
async fn a_reset_does_not_verify_the_account() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    visitor.forgets_password("ada@school.test").await;
    let token = lyceum.token_mailed_to("ada@school.test").await;
    visitor.verifies(&token).await.problem(422, "invalid-token");
    visitor.resets_password(&token, NEW_PASSWORD).await.no_content();
    visitor.signs_in_as("ada", FIRST_PASSWORD).await.problem(401, "invalid-credentials");
    visitor.signs_in_as("ada", NEW_PASSWORD).await.problem(401, "invalid-credentials");
}

#[tokio::test]
async fn tokens_of_one_kind_are_refused_as_another_kind() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.register("ada").await;
    let verification = lyceum.token_mailed_to("ada@school.test").await;
    visitor.resets_password(&verification, NEW_PASSWORD).await.problem(422, "invalid-token");
    visitor.refreshes(&verification).await.problem(401, "invalid-refresh-token");
    let (student, reset) = with_reset_token(&lyceum).await;
    visitor.verifies(&reset).await.problem(422, "invalid-token");
    visitor.refreshes(&reset).await.problem(401, "invalid-refresh-token");
    let refresh = student.sign_in(PASSWORD).await.ok()["refresh_token"].as_str().unwrap().to_owned();
    visitor.verifies(&refresh).await.problem(422, "invalid-token");
    visitor.resets_password(&refresh, NEW_PASSWORD).await.problem(422, "invalid-token");
    visitor.verifies(&verification).await.no_content();
    student.resets_password(&reset, NEW_PASSWORD).await.no_content();
}

#[tokio::test]
async fn a_stored_hash_is_refused_as_a_token() {
    let lyceum = Lyceum::new().await;
    let (student, token) = with_reset_token(&lyceum).await;
    student.resets_password(&sha256(&token), NEW_PASSWORD).await.problem(422, "invalid-token");
}

/// A stranger who registers the email of an invited person must not get the role of the invitation.
#[tokio::test]
async fn registering_an_invited_email_does_not_take_over_the_account() {
    let lyceum = Lyceum::new().await;
    let (admin, stranger) = (lyceum.admin().await, lyceum.anonymous());
    let invited = json!({
        "email": "head@school.test", "username": "head", "first_name": "H", "last_name": "T", "role": "instructor",
    });
    admin.post("/v1/users", invited).await.created();
    lyceum.token_mailed_to("head@school.test").await;

    let mut body = crate::harness::new_user("stranger");
    body["email"] = json!("head@school.test");
    stranger.post("/v1/auth/register", body).await.is(202);
    let mails = lyceum.mails().await;
    assert!(
        mails.iter().all(|mail| !mail.text.contains("verify-email")),
        "an invited person gets no verification link that would help others"
    );
    let invitation = lyceum.token_mailed_to("head@school.test").await;
    stranger.signs_in_as("head@school.test", FIRST_PASSWORD).await.problem(401, "invalid-credentials");

    stranger.resets_password(&invitation, NEW_PASSWORD).await.no_content(); // only the mailed invitation works
    let signed_in = stranger.signs_in_as("head", NEW_PASSWORD).await.ok();
    assert_eq!(signed_in["user"]["role"], "instructor");
    stranger.signs_in_as("head", FIRST_PASSWORD).await.problem(401, "invalid-credentials");
}
