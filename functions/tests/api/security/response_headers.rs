//! The headers of every response.

use serde_json::json;

use super::matrix::called;
use crate::harness::Lyceum;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_has_the_security_headers() {
    for called in called().await {
        let header = |name: &str| called.answer.header(name);
        assert_eq!(header("x-content-type-options"), "nosniff", "{called}");
        assert!(header("strict-transport-security").starts_with("max-age=63072000"), "{called}");
        assert!(!header("x-request-id").is_empty(), "{called}");
        let of_the_catalogue = ["/v1/c", "/v1/tags"].iter().any(|prefix| called.cell.path.starts_with(prefix));
        let public_read = of_the_catalogue && called.cell.caller == "anonymous";
        let public = called.answer.status == 200 && (public_read || !called.cell.path.starts_with("/v1/"));
        let caching = header("cache-control");
        assert!(caching == "no-store" || (public && caching.starts_with("public, ")), "{caching} on {called}");
        assert!(header("access-control-allow-origin").is_empty(), "API Gateway adds it, from its list: {called}");
        if called.answer.status == 401 && called.cell.path != "/v1/auth/login" && called.cell.path != "/v1/auth/refresh"
        {
            assert_eq!(header("www-authenticate"), "Bearer", "{called}");
        }
        if called.answer.status >= 400 {
            assert_eq!(header("content-type"), "application/problem+json", "{called}");
        }
    }
}

#[tokio::test]
async fn responses_without_a_route_have_them_too() {
    let lyceum = Lyceum::new().await;
    for answer in [
        lyceum.anonymous().get("/nowhere").await.is(404),
        lyceum.anonymous().put("/v1/auth/login", json!({})).await.is(405),
    ] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[test]
fn cors_allows_only_listed_origins() {
    let template = include_str!("../../../../template.yaml");
    let (_, cors) = template.split_once("CorsConfiguration:").expect("a CORS configuration");
    let (origins, _) = cors.split_once("AllowMethods:").expect("its methods");
    assert!(origins.contains("!Ref FrontendUrl"));
    assert!(!origins.contains('*'), "{origins}");
    assert!(!cors.contains("AllowCredentials: true"));
}
