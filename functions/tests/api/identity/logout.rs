use serde_json::json;

use crate::harness::{Lyceum, PASSWORD};

#[tokio::test]
async fn it_ends_this_session_and_no_other() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let second = student.sign_in(PASSWORD).await.ok();
    student.send("POST", "/v1/auth/logout", None).await.no_content();
    student.get("/v1/me").await.problem(401, "unauthorized");
    student.with_token(second["access_token"].as_str().unwrap()).get("/v1/me").await.ok();

    let ended = lyceum.audited("session.end").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0]["user_id"], student.id);
    assert_eq!(ended[0]["resource_type"], "session");
    assert_eq!(ended[0]["ip_address"], student.address);
}

#[tokio::test]
async fn once_it_has_ended_it_is_401() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    student.post("/v1/auth/logout", json!({})).await.no_content();
    student.post("/v1/auth/logout", json!({})).await.problem(401, "unauthorized");
    lyceum.anonymous().post("/v1/auth/logout", json!({})).await.problem(401, "unauthorized");
    assert_eq!(lyceum.audited("session.end").await.len(), 1);
}

#[tokio::test]
async fn it_takes_no_body() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let faults = student.post("/v1/auth/logout", json!({ "session_id": "x" })).await.faults();
    assert_eq!(faults, ["/session_id unknown_field"]);
    student.get("/v1/me").await.ok();
}
