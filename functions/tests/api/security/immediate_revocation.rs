//! What ended or changed is felt by the very next call, however young the access token (`security.md`, 8).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum, PASSWORD};

/// A student with a second session, whose refresh token works.
struct SignedIn {
    lyceum: Arc<Lyceum>,
    admin: Caller,
    student: Caller,
    second: Value,
}

impl SignedIn {
    async fn new() -> Self {
        let lyceum = Lyceum::new().await;
        let (admin, student) = (lyceum.admin().await, lyceum.student().await);
        student.get("/v1/me").await.ok();
        let second = student.sign_in(PASSWORD).await.ok();
        Self { lyceum, admin, student, second }
    }

    fn second(&self) -> Caller {
        self.student.with_token(self.second["access_token"].as_str().unwrap())
    }

    /// Not one of them works any more.
    async fn all_have_ended(&self) {
        self.student.get("/v1/me").await.problem(401, "unauthorized");
        self.student.get("/v1/courses").await.problem(401, "unauthorized");
        self.second().get("/v1/me").await.problem(401, "unauthorized");
        self.cannot_refresh().await;
        self.admin.get("/v1/me").await.ok();
    }

    async fn cannot_refresh(&self) {
        let token = self.second["refresh_token"].as_str().unwrap();
        self.lyceum.anonymous().refreshes(token).await.problem(401, "invalid-refresh-token");
    }

    fn path(&self) -> String {
        format!("/v1/users/{}", self.student.id)
    }
}

#[tokio::test]
async fn logout() {
    let all = SignedIn::new().await;
    all.second().post("/v1/auth/logout", json!({})).await.no_content();
    all.second().get("/v1/me").await.problem(401, "unauthorized");
    all.second().post("/v1/auth/logout", json!({})).await.problem(401, "unauthorized");
    all.cannot_refresh().await;
    all.student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn the_end_of_one_session() {
    let all = SignedIn::new().await;
    let sessions = all.second().get("/v1/me/sessions").await.ok();
    let is_current = |session: &&Value| session["is_current"] == true;
    let current = sessions["data"].as_array().unwrap().iter().find(is_current).unwrap()["id"].clone();
    all.student.delete(&format!("/v1/me/sessions/{}", current.as_str().unwrap())).await.no_content();
    all.second().get("/v1/me").await.problem(401, "unauthorized");
    all.cannot_refresh().await;
    all.student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn the_end_of_all_sessions() {
    let all = SignedIn::new().await;
    all.student.delete("/v1/me/sessions").await.no_content();
    all.all_have_ended().await;
}

#[tokio::test]
async fn suspension_and_its_end_brings_no_session_back() {
    let all = SignedIn::new().await;
    all.admin.patch(&all.path(), json!({ "is_active": false })).await.ok();
    all.all_have_ended().await;
    all.admin.patch(&all.path(), json!({ "is_active": true })).await.ok();
    all.all_have_ended().await;
    all.student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn closing_ones_account() {
    let all = SignedIn::new().await;
    all.student.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content();
    all.all_have_ended().await;
}

#[tokio::test]
async fn deletion_and_restoring_brings_no_session_back() {
    let all = SignedIn::new().await;
    all.admin.delete(&all.path()).await.no_content();
    all.all_have_ended().await;
    all.admin.post(&format!("{}/restore", all.path()), json!({})).await.ok();
    all.all_have_ended().await;
    all.student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn a_reset() {
    let all = SignedIn::new().await;
    all.student.forgets_password(&all.student.email).await;
    let token = all.lyceum.token_mailed_to(&all.student.email).await;
    all.lyceum.anonymous().resets_password(&token, "quite another sentence").await.no_content();
    all.all_have_ended().await;
}

#[tokio::test]
async fn a_change_of_password_ends_the_other_sessions() {
    let all = SignedIn::new().await;
    let body = json!({ "current_password": PASSWORD, "new_password": "quite another sentence" });
    all.student.put("/v1/me/password", body).await.no_content();
    all.second().get("/v1/me").await.problem(401, "unauthorized");
    all.cannot_refresh().await;
    all.student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn another_role_taken_or_given() {
    let all = SignedIn::new().await;
    let create = || all.student.post("/v1/categories", json!({ "name": "A category" }));
    create().await.problem(403, "forbidden");
    all.admin.put(&format!("{}/role", all.path()), json!({ "role": "admin" })).await.ok();
    create().await.created();
    assert_eq!(all.student.get("/v1/me").await.ok()["role"], "admin");
    all.admin.put(&format!("{}/role", all.path()), json!({ "role": "student" })).await.ok();
    create().await.problem(403, "forbidden");
    let token = all.second["refresh_token"].as_str().unwrap();
    let pair = all.lyceum.anonymous().refreshes(token).await.ok();
    let me = all.student.with_token(pair["access_token"].as_str().unwrap()).get("/v1/me").await.ok();
    assert_eq!(me["permissions"], json!([]));
}

#[tokio::test]
async fn the_roles_permissions() {
    let all = SignedIn::new().await;
    let role = json!({ "name": "librarian", "permissions": ["categories:write"] });
    let role = all.admin.post("/v1/roles", role).await.created();
    let path = format!("/v1/roles/{}", role["id"].as_str().unwrap());
    all.admin.put(&format!("{}/role", all.path()), json!({ "role": "librarian" })).await.ok();
    all.student.post("/v1/categories", json!({ "name": "One" })).await.created();
    all.admin.patch(&path, json!({ "permissions": [] })).await.ok();
    all.student.post("/v1/categories", json!({ "name": "Two" })).await.problem(403, "forbidden");
    all.admin.patch(&path, json!({ "permissions": ["categories:write"] })).await.ok();
    all.student.post("/v1/categories", json!({ "name": "Three" })).await.created();
}
