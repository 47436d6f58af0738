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

/// API Gateway hands a preflight to `$default`, adds its CORS headers to the answer, and leaves the status: a browser
/// takes none but a good one.
#[tokio::test]
async fn a_preflight_is_answered_with_success_wherever_it_asks() {
    let lyceum = Lyceum::new().await;
    let browser = lyceum.anonymous().with_header("origin", "https://school.test");
    for (path, method) in [("/v1/auth/login", "POST"), ("/v1/courses/x", "PATCH"), ("/v1/nothing", "GET")] {
        let asking = browser.with_header("access-control-request-method", method);
        let answer = asking.send("OPTIONS", path, None).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
    }
}
