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
