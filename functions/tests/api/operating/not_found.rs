use crate::harness::Lyceum;

#[tokio::test]
async fn an_unknown_address_is_404_and_an_unknown_method_405() {
    let lyceum = Lyceum::new().await;
    for path in ["/", "/v1", "/v1/nothing", "/v1/courses/x/y/z", "/v2/courses"] {
        lyceum.anonymous().get(path).await.problem(404, "not-found");
    }
    let answer = lyceum.anonymous().delete("/v1/auth/login").await;
    assert_eq!(answer.header("allow"), "POST");
    answer.problem(405, "method-not-allowed");
    lyceum.anonymous().send("TRACE", "/v1/courses", None).await.problem(405, "method-not-allowed");
}
