use serde_json::json;

use crate::harness::Lyceum;

#[tokio::test]
async fn one_sees_oneself_with_role_and_permissions() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let answer = instructor.get("/v1/me").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(!answer.header("strict-transport-security").is_empty());
    let me = answer.ok();
    assert_eq!(me["id"], instructor.id);
    assert_eq!(me["email"], instructor.email);
    assert_eq!(me["role"], "instructor");
    assert_eq!(me["permissions"], json!(["courses:create"]));
    assert_eq!(me["last_login"], "2026-11-23T19:56:00Z");
}

#[tokio::test]
async fn nobody_else_is_told_to_sign_in() {
    let lyceum = Lyceum::new().await;
    let answer = lyceum.anonymous().get("/v1/me").await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    answer.problem(401, "unauthorized");
}

#[tokio::test]
async fn one_changes_ones_own_names_and_again_it_is_no_change() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let changes = json!({ "first_name": "Ada", "last_name": "King", "username": "Ada.King", "bio": "Counts." });
    let me = student.patch("/v1/me", changes.clone()).await.ok();
    assert_eq!(
        (&me["first_name"], &me["username"], &me["bio"]),
        (&json!("Ada"), &json!("Ada.King"), &json!("Counts."))
    );
    assert_eq!(student.get("/v1/me").await.ok(), me);
    student.patch("/v1/me", changes).await.ok();
    assert_eq!(student.patch("/v1/me", json!({ "bio": null })).await.ok()["bio"], json!(null));
    let rows = lyceum.audited("user.update").await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["changes"], json!({ "first_name": {}, "last_name": {}, "username": {}, "bio": {} }));
    assert_eq!(rows[0]["user_id"], student.id);
    let login = json!({ "identifier": "ada.king", "password": crate::harness::PASSWORD });
    lyceum.anonymous().post("/v1/auth/login", login).await.ok();
}

#[tokio::test]
async fn a_username_that_is_taken_in_any_case_is_409_and_one_may_change_the_case_of_ones_own() {
    let lyceum = Lyceum::new().await;
    let (one, other) = (lyceum.student().await, lyceum.student().await);
    let taken = json!({ "username": other.username.to_uppercase() });
    one.patch("/v1/me", taken).await.problem(409, "username-taken");
    one.patch("/v1/me", json!({ "username": one.username.to_uppercase() })).await.ok();
}

#[tokio::test]
async fn bad_changes_of_oneself_are_told_all_at_once() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let bad = json!({ "first_name": null, "last_name": " ", "username": "a@b.test", "bio": 1, "email": "a@b.test" });
    let mut faults = student.patch("/v1/me", bad).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/bio wrong_type",
            "/email unknown_field",
            "/first_name not_clearable",
            "/last_name blank",
            "/username invalid_username"
        ]
    );
    lyceum.anonymous().patch("/v1/me", json!({})).await.problem(401, "unauthorized");
}
