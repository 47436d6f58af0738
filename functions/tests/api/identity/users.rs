use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum, PASSWORD};

fn invitation(username: &str) -> Value {
    let email = format!(" {}@School.test", username.to_uppercase());
    json!({ "email": email, "username": username, "first_name": "Ada", "last_name": "King" })
}

fn path_of(user: &Caller) -> String {
    format!("/v1/users/{}", user.id)
}

#[tokio::test]
async fn somebody_invited_gets_a_mail_sets_a_password_and_signs_in() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let user = admin.post("/v1/users", invitation("ada")).await.created();
    assert_eq!((&user["email"], &user["role"]), (&json!("ada@school.test"), &json!("student")));
    assert_eq!((&user["is_email_verified"], &user["is_active"]), (&json!(false), &json!(true)));
    let row = &lyceum.audited("user.create").await[0];
    assert_eq!((&row["user_id"], &row["resource_id"]), (&json!(admin.id), &user["id"]));
    for personal in ["email", "username", "first_name", "last_name"] {
        assert_eq!(row["changes"][personal], json!({}), "{personal}");
    }
    assert_eq!(row["changes"]["role"], json!({ "from": null, "to": "student" }));

    let ada = lyceum.anonymous();
    let login = json!({ "identifier": "ada@school.test", "password": PASSWORD });
    ada.post("/v1/auth/login", login.clone()).await.problem(401, "invalid-credentials");
    let token = lyceum.token_mailed_to("ada@school.test").await;
    assert!(lyceum.mails().await[0].subject.to_lowercase().contains("invited"), "{}", lyceum.mails().await[0].subject);
    ada.post("/v1/auth/reset-password", json!({ "token": token, "password": PASSWORD })).await.no_content();
    let signed_in = ada.post("/v1/auth/login", login).await.ok();
    assert_eq!(signed_in["user"]["is_email_verified"], true, "the link came by that mail alone");
    ada.post("/v1/auth/reset-password", json!({ "token": token, "password": PASSWORD }))
        .await
        .problem(422, "invalid-token");
}

#[tokio::test]
async fn an_email_or_a_username_that_is_taken_is_409_also_by_a_closed_account_in_any_case() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    admin.post("/v1/users", invitation("ada")).await.created();
    admin.post("/v1/users", invitation("ada")).await.is(409);
    let mut other = invitation("Ada");
    other["email"] = json!("other@school.test");
    admin.post("/v1/users", other).await.problem(409, "username-taken");
    let mut other = invitation("other");
    other["email"] = json!("ADA@school.test");
    admin.post("/v1/users", other.clone()).await.problem(409, "email-taken");
    let closed = lyceum.student().await;
    admin.delete(&path_of(&closed)).await.no_content();
    other["email"] = json!(closed.email);
    admin.post("/v1/users", other).await.problem(409, "email-taken");
    assert_eq!(lyceum.audited("user.create").await.len(), 1);
}

#[tokio::test]
async fn a_username_that_a_registration_holds_is_409() {
    let lyceum = Lyceum::new().await;
    let (admin, known) = (lyceum.admin().await, lyceum.student().await);
    let again =
        json!({ "email": known.email, "username": "held", "password": PASSWORD, "first_name": "A", "last_name": "B" });
    lyceum.anonymous().post("/v1/auth/register", again).await.is(202);
    admin.post("/v1/users", invitation("held")).await.problem(409, "username-taken");
    admin.patch(&path_of(&known), json!({ "username": "HELD" })).await.ok(); // it is held for this very email
}

#[tokio::test]
async fn bad_invitations_are_told_all_at_once() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let bad = json!({ "email": "ada", "username": "a", "first_name": "", "password": PASSWORD });
    let mut faults = admin.post("/v1/users", bad).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/email invalid_email",
            "/first_name blank",
            "/last_name required",
            "/password unknown_field",
            "/username invalid_username"
        ]
    );
    let mut unknown = invitation("ada");
    unknown["role"] = json!("none");
    assert_eq!(admin.post("/v1/users", unknown).await.faults(), ["/role unknown_role"]);
    assert!(lyceum.mails().await.is_empty());
}

#[tokio::test]
async fn of_64_invitations_of_one_email_one_is_201() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let statuses = crate::harness::at_once(64, |_| {
        let admin = admin.clone();
        async move { admin.post("/v1/users", invitation("ada")).await.status }
    })
    .await;
    assert_eq!(crate::harness::how_many(&statuses, 201), 1);
    assert_eq!(crate::harness::how_many(&statuses, 409), 63);
    assert_eq!(lyceum.mails().await.len(), 1);
}

#[tokio::test]
async fn a_change_is_audited_by_name_and_again_it_is_none() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    let changes = json!({ "first_name": "Grace", "bio": "Finds bugs.", "username": "grace" });
    let user = admin.patch(&path_of(&student), changes.clone()).await.ok();
    assert_eq!((&user["first_name"], &user["username"]), (&json!("Grace"), &json!("grace")));
    assert_eq!(student.get("/v1/me").await.ok()["bio"], "Finds bugs.");
    admin.patch(&path_of(&student), changes).await.ok();
    admin.patch(&path_of(&student), json!({})).await.ok();
    let rows = lyceum.audited("user.update").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["changes"], json!({ "first_name": {}, "bio": {}, "username": {} }));
    admin.patch(&path_of(&student), json!({ "bio": null })).await.ok();
    assert_eq!(admin.get(&path_of(&student)).await.ok()["bio"], Value::Null);
    admin.patch(&path_of(&student), json!({ "username": admin.username })).await.problem(409, "username-taken");
    let faults = admin
        .patch(&path_of(&student), json!({ "first_name": null, "email": "a@b.test", "is_active": 1 }))
        .await
        .faults();
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[tokio::test]
async fn a_suspended_user_is_out_at_once_and_let_back_must_sign_in_anew() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    admin.patch(&path_of(&student), json!({ "is_active": false })).await.ok();
    student.get("/v1/me").await.problem(401, "unauthorized");
    student.sign_in(PASSWORD).await.problem(401, "invalid-credentials");
    assert_eq!(
        lyceum.audited("user.update").await[0]["changes"],
        json!({ "is_active": { "from": true, "to": false } })
    );
    admin.patch(&path_of(&student), json!({ "is_active": true })).await.ok();
    student.get("/v1/me").await.problem(401, "unauthorized");
    student.again().await.get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_deleted_user_is_gone_from_every_read_but_the_closed_ones_and_comes_back() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    admin.delete(&path_of(&student)).await.no_content();
    admin.delete(&path_of(&student)).await.problem(404, "not-found");
    admin.get(&path_of(&student)).await.problem(404, "not-found");
    assert!(!admin.get("/v1/users").await.is(200).text.contains(&student.id));
    let closed = admin.get(&format!("{}?deleted=true", path_of(&student))).await.ok();
    assert_eq!(closed["deleted_at"], "2026-11-23T19:56:00Z");
    student.get("/v1/me").await.problem(401, "unauthorized");
    student.sign_in(PASSWORD).await.problem(401, "invalid-credentials");
    assert!(lyceum.mails().await.iter().any(|mail| mail.to.contains(&student.email)), "its owner is told");

    let restore = format!("{}/restore", path_of(&student));
    let restored = admin.post(&restore, json!({})).await.ok();
    assert_eq!((&restored["id"], &restored["deleted_at"]), (&json!(student.id), &Value::Null));
    admin.post(&restore, json!({})).await.problem(409, "user-not-deleted");
    student.get("/v1/me").await.problem(401, "unauthorized");
    student.again().await.get("/v1/me").await.ok();
    assert_eq!(lyceum.audited("user.delete").await.len(), 1);
    assert_eq!(lyceum.audited("user.restore").await.len(), 1);
}

#[tokio::test]
async fn an_erased_user_is_not_restored() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    admin.delete(&path_of(&student)).await.no_content();
    lyceum.clock.advance(TimeDelta::days(30));
    lyceum.run("maintain", json!({})).await;
    let admin = admin.again().await;
    admin.post(&format!("{}/restore", path_of(&student)), json!({})).await.problem(409, "user-erased");
    let erased = admin.get(&format!("{}?deleted=true", path_of(&student))).await.ok();
    assert_eq!(erased["email"], format!("{}@erased.invalid", student.id));
    assert_eq!((&erased["first_name"], &erased["last_name"]), (&json!("Former"), &json!("user")));
    let q = admin.get(&format!("/v1/users?deleted=true&q={}", student.username)).await.ok();
    assert_eq!(q["data"], json!([]));
}

#[tokio::test]
async fn a_role_is_given_by_its_name_or_its_id_and_felt_at_the_next_call() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    let path = format!("{}/role", path_of(&student));
    assert_eq!(admin.put(&path, json!({ "role": "instructor" })).await.ok()["role"], "instructor");
    assert_eq!(student.get("/v1/me").await.ok()["permissions"], json!(["courses:create"]));
    admin.put(&path, json!({ "role": "instructor" })).await.ok();
    let role = admin.post("/v1/roles", json!({ "name": "Reader", "permissions": ["users:read"] })).await.created();
    assert_eq!(admin.put(&path, json!({ "role_id": role["id"] })).await.ok()["role"], "Reader");
    student.get("/v1/users").await.ok();
    admin.put(&path, json!({ "role": "student" })).await.ok();
    student.get("/v1/users").await.problem(403, "forbidden");
    let rows = lyceum.audited("user.assign_role").await;
    assert_eq!(rows.len(), 3, "the same role again is no change");
    assert_eq!(rows[0]["changes"]["role"], json!({ "from": "student", "to": "instructor" }));

    for bad in [json!({}), json!({ "role": "student", "role_id": role["id"] })] {
        assert_eq!(admin.put(&path, bad).await.faults(), ["/role_id required"]);
    }
    assert_eq!(admin.put(&path, json!({ "role": "none" })).await.faults(), ["/role unknown_role"]);
    let unknown = json!({ "role_id": student.id });
    assert_eq!(admin.put(&path, unknown).await.faults(), ["/role_id unknown_role"]);
    admin
        .put(&format!("/v1/users/{}/role", role["id"].as_str().unwrap()), json!({ "role": "student" }))
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn administration_is_for_those_who_may() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for (method, path) in
        [("POST", "/v1/users".to_owned()), ("PATCH", path_of(&student)), ("DELETE", path_of(&student))]
    {
        lyceum.anonymous().send(method, &path, Some(json!({}))).await.problem(401, "unauthorized");
        let problem = student.send(method, &path, Some(json!({}))).await.problem(403, "forbidden");
        assert!(problem["detail"].as_str().unwrap().contains("users:write"), "{problem}");
    }
}
