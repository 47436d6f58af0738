//! What `docs/security.md`, 3 and 4, demand of it is in `security`.

use serde_json::json;

use crate::harness::{Lyceum, PASSWORD};

const NEW_PASSWORD: &str = "quite another sentence";

#[tokio::test]
async fn the_link_sets_the_password_and_it_is_audited() {
    let lyceum = Lyceum::new().await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    visitor.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    visitor.resets_password(&token, NEW_PASSWORD).await.no_content();
    visitor.signs_in_as(&student.username, NEW_PASSWORD).await.ok();
    visitor.signs_in_as(&student.username, PASSWORD).await.problem(401, "invalid-credentials");
    let reset = lyceum.audited("user.reset_password").await;
    assert_eq!(reset.len(), 1);
    assert_eq!((&reset[0]["user_id"], &reset[0]["resource_id"]), (&json!(student.id), &json!(student.id)));
    assert_eq!(reset[0]["ip_address"], visitor.address);
}

#[tokio::test]
async fn a_password_that_is_no_good_leaves_the_link_alive() {
    let lyceum = Lyceum::new().await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    visitor.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    for (password, fault) in [
        ("short", "too_short"),
        ("qwertyuiop123", "common_password"),
        (&*student.email.to_uppercase(), "guessable_password"),
        (&"x".repeat(129), "too_long"),
        ("a long enough\0 one", "invalid_text"),
    ] {
        assert_eq!(visitor.resets_password(&token, password).await.faults(), [format!("/password {fault}")]);
    }
    visitor.resets_password(&token, NEW_PASSWORD).await.no_content();
}

#[tokio::test]
async fn a_link_of_an_account_that_does_not_work_any_more_is_refused() {
    let lyceum = Lyceum::new().await;
    for change in
        ["UPDATE users SET is_active = false WHERE id = $1", "UPDATE users SET deleted_at = '2026-11-23' WHERE id = $1"]
    {
        let student = lyceum.student().await;
        student.forgets_password(&student.email).await;
        let token = lyceum.token_mailed_to(&student.email).await;
        lyceum.change(change, &student.id).await;
        student.resets_password(&token, NEW_PASSWORD).await.problem(422, "invalid-token");
    }
    assert!(lyceum.audited("user.reset_password").await.is_empty());
}

#[tokio::test]
async fn a_body_that_is_wrong_is_told() {
    let lyceum = Lyceum::new().await;
    let visitor = lyceum.anonymous();
    visitor.resets_password("no", NEW_PASSWORD).await.problem(422, "invalid-token");
    let mut faults = visitor.post("/v1/auth/reset-password", json!({ "email": "a@b.test" })).await.faults();
    faults.sort();
    assert_eq!(faults, ["/email unknown_field", "/password required", "/token required"]);
}
