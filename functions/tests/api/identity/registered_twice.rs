//! Anyone can register any address: what an unverified registration may hold, and who can take it over. Protects against
//! H1 (a stranger's password on the owner's account) and H3 (a stranger who keeps the owner out).

use std::sync::Arc;

use serde_json::json;

use crate::harness::{Answer, Caller, CourseInProgress, FIRST_PASSWORD, Lyceum, PASSWORD, at_once, how_many, new_user};

const EMAIL: &str = "ada@school.test";
const STRANGERS_PASSWORD: &str = "the stranger's own sentence";
const OWNERS_CHOICE: &str = "a sentence that only Ada knows";

/// Registers Ada's address under another username, with a stranger's password.
async fn stranger_registers(lyceum: &Arc<Lyceum>) {
    let mut body = new_user("mallory");
    body["email"] = json!(EMAIL);
    body["password"] = json!(STRANGERS_PASSWORD);
    lyceum.anonymous().post("/v1/auth/register", body).await.is(202);
}

async fn verifies_with(caller: &Caller, token: &str, password: &str) -> Answer {
    caller.post("/v1/auth/verify-email", json!({ "token": token, "password": password })).await
}

/// The id of the account that has Ada's address, as an administrator sees it.
async fn id_of_ada(admin: &Caller) -> String {
    let users = admin.get(&format!("/v1/users?q={EMAIL}")).await.ok();
    users["data"][0]["id"].as_str().expect("an account").to_owned()
}

#[tokio::test]
async fn the_link_of_an_address_that_was_registered_twice_asks_for_a_password() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.anonymous();
    owner.register("ada").await;
    stranger_registers(&lyceum).await;
    let token = lyceum.token_mailed_to(EMAIL).await;

    owner.verifies(&token).await.problem(409, "password-required");
    verifies_with(&owner, &token, OWNERS_CHOICE).await.no_content();
    owner.signs_in_as(EMAIL, OWNERS_CHOICE).await.ok();
}

#[tokio::test]
async fn no_password_that_came_with_a_registration_signs_in_after_a_second_one() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.anonymous();
    owner.register("ada").await;
    stranger_registers(&lyceum).await;
    verifies_with(&owner, &lyceum.token_mailed_to(EMAIL).await, OWNERS_CHOICE).await.no_content();
    for password in [FIRST_PASSWORD, STRANGERS_PASSWORD] {
        lyceum.anonymous().signs_in_as(EMAIL, password).await.problem(401, "invalid-credentials");
    }
}

#[tokio::test]
async fn a_stranger_who_registers_again_ends_no_link_of_the_owner() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.anonymous();
    owner.register("ada").await;
    let first = lyceum.token_mailed_to(EMAIL).await;
    for _ in 0..4 {
        stranger_registers(&lyceum).await;
    }
    lyceum.mails().await;
    verifies_with(&owner, &first, OWNERS_CHOICE).await.no_content();
}

#[tokio::test]
async fn a_link_that_was_used_ends_the_others_of_the_address() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.anonymous();
    owner.register("ada").await;
    let first = lyceum.token_mailed_to(EMAIL).await;
    stranger_registers(&lyceum).await;
    let second = lyceum.token_mailed_to(EMAIL).await;
    verifies_with(&owner, &first, OWNERS_CHOICE).await.no_content();
    verifies_with(&owner, &second, STRANGERS_PASSWORD).await.problem(422, "invalid-token");
}

/// Without a mail the owner could not know that somebody else's name stands there now.
#[tokio::test]
async fn nothing_but_the_password_is_replaced_when_no_mail_may_be_sent() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.anonymous();
    for _ in 0..3 {
        owner.register("ada").await; // spends the budget of mails
    }
    let token = lyceum.token_mailed_to(EMAIL).await;
    stranger_registers(&lyceum).await;
    verifies_with(&owner, &token, OWNERS_CHOICE).await.no_content();
    let signed_in = owner.signs_in_as(EMAIL, OWNERS_CHOICE).await.ok();
    assert_eq!(signed_in["user"]["username"], "ada");
}

/// A stranger registers, then spends the budget of mails elsewhere: the owner's own registration must still count.
#[tokio::test]
async fn a_second_registration_discards_the_first_password_even_when_no_mail_may_be_sent() {
    let lyceum = Lyceum::new().await;
    let stranger = lyceum.student().await;
    stranger_registers(&lyceum).await;
    let only_link = lyceum.token_mailed_to(EMAIL).await;
    for _ in 0..2 {
        stranger.put("/v1/me/email", json!({ "email": EMAIL, "password": PASSWORD })).await.is(202);
    }
    let owner = lyceum.anonymous();
    owner.register("ada").await;
    owner.verifies(&only_link).await.problem(409, "password-required");
}

#[tokio::test]
async fn a_password_that_is_refused_leaves_the_link_usable() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.anonymous();
    owner.register("ada").await;
    stranger_registers(&lyceum).await;
    let token = lyceum.token_mailed_to(EMAIL).await;
    for (password, fault) in [
        ("short", "/password too_short"),
        (EMAIL, "/password guessable_password"),
        ("qwertyuiop123", "/password common_password"),
    ] {
        assert_eq!(verifies_with(&owner, &token, password).await.faults(), [fault]);
    }
    verifies_with(&owner, &token, OWNERS_CHOICE).await.no_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_verifications_at_once_of_one_address_one_sets_its_password() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().register("ada").await;
    stranger_registers(&lyceum).await;
    let token = lyceum.token_mailed_to(EMAIL).await;
    let statuses = at_once(64, |number| {
        let (visitor, token) = (lyceum.anonymous(), token.clone());
        async move { verifies_with(&visitor, &token, &format!("the sentence of number {number}")).await.status }
    })
    .await;
    assert_eq!((how_many(&statuses, 204), how_many(&statuses, 422)), (1, 63), "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 204).unwrap();
    lyceum.anonymous().signs_in_as(EMAIL, &format!("the sentence of number {winner}")).await.ok();
}

#[tokio::test]
async fn a_reset_before_the_verification_is_the_mailbox_holders_choice() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.anonymous();
    stranger_registers(&lyceum).await;
    owner.register("ada").await;
    let verification = lyceum.token_mailed_to(EMAIL).await;
    owner.forgets_password(EMAIL).await;
    let reset = lyceum.token_mailed_to(EMAIL).await;
    owner.resets_password(&reset, OWNERS_CHOICE).await.no_content();
    owner.signs_in_as(EMAIL, OWNERS_CHOICE).await.problem(401, "invalid-credentials");
    owner.verifies(&verification).await.no_content();
    owner.signs_in_as(EMAIL, OWNERS_CHOICE).await.ok();
}

#[tokio::test]
async fn an_invitation_takes_an_unverified_registration_over() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    stranger_registers(&lyceum).await;
    let strangers_link = lyceum.token_mailed_to(EMAIL).await;
    let invited = json!({
        "email": EMAIL, "username": "mallory", "first_name": "Ada", "last_name": "L", "role": "instructor",
    });
    admin.post("/v1/users", invited).await.created();

    lyceum.anonymous().verifies(&strangers_link).await.problem(422, "invalid-token");
    let invitation = lyceum.token_mailed_to(EMAIL).await;
    lyceum.anonymous().resets_password(&invitation, OWNERS_CHOICE).await.no_content();
    lyceum.anonymous().signs_in_as(EMAIL, STRANGERS_PASSWORD).await.problem(401, "invalid-credentials");
    let signed_in = lyceum.anonymous().signs_in_as(EMAIL, OWNERS_CHOICE).await.ok();
    assert_eq!(signed_in["user"]["role"], "instructor");
}

#[tokio::test]
async fn a_contested_registration_is_taken_over_by_an_invitation_too() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    lyceum.anonymous().register("ada").await;
    stranger_registers(&lyceum).await;
    let invited = json!({ "email": EMAIL, "username": "lovelace", "first_name": "Ada", "last_name": "L" });
    let user = admin.post("/v1/users", invited).await.created();
    assert_eq!(id_of_ada(&admin).await, user["id"]);
    let created = lyceum.audited("user.create").await;
    assert!(created[0]["changes"]["erased_account"]["from"].is_string(), "{created:?}");
}

#[tokio::test]
async fn a_registration_that_is_not_verified_is_given_no_role() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    stranger_registers(&lyceum).await;
    let path = format!("/v1/users/{}/role", id_of_ada(&admin).await);
    for role in ["instructor", "admin"] {
        admin.put(&path, json!({ "role": role })).await.problem(409, "email-not-verified");
    }
    stranger_registers(&lyceum).await; // contested now
    admin.put(&path, json!({ "role": "instructor" })).await.problem(409, "email-not-verified");
}

#[tokio::test]
async fn a_person_who_was_invited_is_given_a_role_before_they_answer() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let invited = json!({ "email": EMAIL, "username": "ada", "first_name": "Ada", "last_name": "L" });
    let user = admin.post("/v1/users", invited).await.created();
    let path = format!("/v1/users/{}/role", user["id"].as_str().unwrap());
    assert_eq!(admin.put(&path, json!({ "role": "instructor" })).await.ok()["role"], "instructor");
}

#[tokio::test]
async fn a_stranger_who_registers_an_invited_address_ends_no_invitation() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let invited = json!({ "email": EMAIL, "username": "ada", "first_name": "Ada", "last_name": "L" });
    admin.post("/v1/users", invited).await.created();
    let invitation = lyceum.token_mailed_to(EMAIL).await;
    for _ in 0..4 {
        stranger_registers(&lyceum).await;
    }
    lyceum.mails().await;
    lyceum.anonymous().resets_password(&invitation, OWNERS_CHOICE).await.no_content();
    lyceum.anonymous().signs_in_as(EMAIL, OWNERS_CHOICE).await.ok();
}

#[tokio::test]
async fn a_registration_that_an_administrator_deletes_frees_its_address_at_once() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    stranger_registers(&lyceum).await;
    let id = id_of_ada(&admin).await;
    admin.delete(&format!("/v1/users/{id}")).await.no_content();
    admin.post(&format!("/v1/users/{id}/restore"), json!({})).await.problem(409, "user-erased");

    let owner = lyceum.anonymous();
    owner.register("mallory").await; // the username is free as well
    owner.register("ada").await;
    owner.verifies(&lyceum.token_mailed_to(EMAIL).await).await.no_content();
    owner.signs_in_as(EMAIL, FIRST_PASSWORD).await.ok();
}

#[tokio::test]
async fn staff_enrol_nobody_whose_registration_is_not_verified() {
    let lyceum = Lyceum::new().await;
    let (admin, teacher) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &teacher, 1).await;
    stranger_registers(&lyceum).await;
    for (target, fault) in [
        (json!({ "email": EMAIL }), "/email unknown_user"),
        (json!({ "user_id": id_of_ada(&admin).await }), "/user_id unknown_user"),
    ] {
        assert_eq!(teacher.post(&course.path("/enrollments"), target).await.faults(), [fault]);
    }
    let path = course.path("/enrollments/import");
    let lines = teacher.send_raw("POST", &path, "text/csv", Some(EMAIL.as_bytes())).await.ok();
    assert_eq!(lines["data"][0]["result"], "unknown_user");
}

/// A stranger's "please verify your new email" stands beside the owner's own mail.
#[tokio::test]
async fn the_link_of_a_change_of_email_takes_a_registered_address_only_with_the_requesters_password() {
    let lyceum = Lyceum::new().await;
    let stranger = lyceum.student().await;
    lyceum.anonymous().register("ada").await;
    let owners_link = lyceum.token_mailed_to(EMAIL).await;
    stranger.put("/v1/me/email", json!({ "email": EMAIL, "password": PASSWORD })).await.is(202);
    let strangers_link = lyceum.token_mailed_to(EMAIL).await;

    let owner = lyceum.anonymous();
    owner.verifies(&strangers_link).await.problem(409, "password-required");
    verifies_with(&owner, &strangers_link, OWNERS_CHOICE).await.problem(403, "wrong-password");
    owner.verifies(&owners_link).await.no_content();
    owner.signs_in_as(EMAIL, FIRST_PASSWORD).await.ok();
    verifies_with(&owner, &strangers_link, PASSWORD).await.problem(409, "email-taken");
}

#[tokio::test]
async fn a_verified_user_takes_their_address_from_an_unverified_registration_with_their_password() {
    let lyceum = Lyceum::new().await;
    let owner = lyceum.student().await;
    stranger_registers(&lyceum).await;
    let strangers_link = lyceum.token_mailed_to(EMAIL).await;
    owner.put("/v1/me/email", json!({ "email": EMAIL, "password": PASSWORD })).await.is(202);
    let token = lyceum.token_mailed_to(EMAIL).await;
    owner.verifies(&token).await.problem(409, "password-required");
    verifies_with(&owner, &token, PASSWORD).await.no_content();
    owner.signs_in_as(EMAIL, PASSWORD).await.ok();
    lyceum.anonymous().verifies(&strangers_link).await.problem(422, "invalid-token");
}

#[tokio::test]
async fn a_change_of_email_takes_no_invited_account_over() {
    let lyceum = Lyceum::new().await;
    let (admin, stranger) = (lyceum.admin().await, lyceum.student().await);
    let invited =
        json!({ "email": EMAIL, "username": "ada", "first_name": "A", "last_name": "L", "role": "instructor" });
    admin.post("/v1/users", invited).await.created();
    let invitation = lyceum.token_mailed_to(EMAIL).await;
    stranger.put("/v1/me/email", json!({ "email": EMAIL, "password": PASSWORD })).await.is(202);
    let strangers_link = lyceum.token_mailed_to(EMAIL).await;

    let owner = lyceum.anonymous();
    owner.verifies(&strangers_link).await.problem(409, "email-taken");
    verifies_with(&owner, &strangers_link, PASSWORD).await.problem(409, "email-taken");
    owner.resets_password(&invitation, OWNERS_CHOICE).await.no_content();
    assert_eq!(owner.signs_in_as(EMAIL, OWNERS_CHOICE).await.ok()["user"]["role"], "instructor");
}

#[tokio::test]
async fn a_new_owner_gets_a_mail_though_strangers_spent_the_budget_of_the_address() {
    let lyceum = Lyceum::new().await;
    for _ in 0..4 {
        lyceum.anonymous().post("/v1/auth/resend-verification", json!({ "email": EMAIL })).await.is(202);
        lyceum.anonymous().forgets_password(EMAIL).await;
    }
    let owner = lyceum.anonymous();
    owner.register("ada").await;
    owner.verifies(&lyceum.token_mailed_to(EMAIL).await).await.no_content();
}

#[tokio::test]
async fn the_first_administrator_takes_an_unverified_registration_over() {
    let lyceum = Lyceum::new().await;
    stranger_registers(&lyceum).await;
    let appointed = lyceum.run("appoint-administrator", json!({ "email": EMAIL })).await;
    assert!(appointed["user_id"].is_string(), "{appointed}");
    lyceum.anonymous().resets_password(&lyceum.token_mailed_to(EMAIL).await, OWNERS_CHOICE).await.no_content();
    assert_eq!(lyceum.anonymous().signs_in_as(EMAIL, OWNERS_CHOICE).await.ok()["user"]["role"], "admin");
}
