//! Revoked sessions and changed permissions take effect with the next request, even if the access token is still valid.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum, PASSWORD};

/// A student with two sessions. `second` holds the tokens of the second one.
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

    /// Asserts that both sessions have ended.
    async fn assert_both_ended(&self) {
        self.student.get("/v1/me").await.problem(401, "unauthorized");
        self.student.get("/v1/courses").await.problem(401, "unauthorized");
        self.second().get("/v1/me").await.problem(401, "unauthorized");
        self.assert_second_cannot_refresh().await;
        self.admin.get("/v1/me").await.ok();
    }

    async fn assert_second_cannot_refresh(&self) {
        let token = self.second["refresh_token"].as_str().unwrap();
        self.lyceum.anonymous().refreshes(token).await.problem(401, "invalid-refresh-token");
    }

    fn path(&self) -> String {
        format!("/v1/users/{}", self.student.id)
    }
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let all = SignedIn::new().await;
    all.second().post("/v1/auth/logout", json!({})).await.no_content();
    all.second().get("/v1/me").await.problem(401, "unauthorized");
    all.second().post("/v1/auth/logout", json!({})).await.problem(401, "unauthorized");
    all.assert_second_cannot_refresh().await;
    all.student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn ending_one_session_keeps_the_other() {
    let all = SignedIn::new().await;
    let sessions = all.second().get("/v1/me/sessions").await.ok();
    let is_current = |session: &&Value| session["is_current"] == true;
    let current = sessions["data"].as_array().unwrap().iter().find(is_current).unwrap()["id"].clone();
    all.student.delete(&format!("/v1/me/sessions/{}", current.as_str().unwrap())).await.no_content();
    all.second().get("/v1/me").await.problem(401, "unauthorized");
    all.assert_second_cannot_refresh().await;
    all.student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn ending_all_sessions_ends_both() {
    let all = SignedIn::new().await;
    all.student.delete("/v1/me/sessions").await.no_content();
    all.assert_both_ended().await;
}

#[tokio::test]
async fn suspension_ends_all_sessions_and_its_end_restores_none() {
    let all = SignedIn::new().await;
    all.admin.patch(&all.path(), json!({ "is_active": false })).await.ok();
    all.assert_both_ended().await;
    all.admin.patch(&all.path(), json!({ "is_active": true })).await.ok();
    all.assert_both_ended().await;
    all.student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn closing_the_account_ends_all_sessions() {
    let all = SignedIn::new().await;
    all.student.send("DELETE", "/v1/me", Some(json!({ "password": PASSWORD }))).await.no_content();
    all.assert_both_ended().await;
}

#[tokio::test]
async fn deletion_ends_all_sessions_and_restoring_the_account_restores_none() {
    let all = SignedIn::new().await;
    all.admin.delete(&all.path()).await.no_content();
    all.assert_both_ended().await;
    all.admin.post(&format!("{}/restore", all.path()), json!({})).await.ok();
    all.assert_both_ended().await;
    all.student.sign_in(PASSWORD).await.ok();
}

#[tokio::test]
async fn a_password_reset_ends_all_sessions() {
    let all = SignedIn::new().await;
    all.student.forgets_password(&all.student.email).await;
    let token = all.lyceum.token_mailed_to(&all.student.email).await;
    all.lyceum.anonymous().resets_password(&token, "quite another sentence").await.no_content();
    all.assert_both_ended().await;
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    let all = SignedIn::new().await;
    let body = json!({ "current_password": PASSWORD, "new_password": "quite another sentence" });
    all.student.put("/v1/me/password", body).await.no_content();
    all.second().get("/v1/me").await.problem(401, "unauthorized");
    all.assert_second_cannot_refresh().await;
    all.student.get("/v1/me").await.ok();
}

#[tokio::test]
async fn a_changed_role_applies_to_the_next_request() {
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
async fn changed_permissions_of_a_role_apply_to_the_next_request() {
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
