use crate::harness::Lyceum;

#[tokio::test]
async fn others_can_verify_our_tokens_and_cannot_sign() {
    let lyceum = Lyceum::new().await;
    let answer = lyceum.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    let keys = answer.ok();
    let key = &keys["keys"][0];
    assert_eq!((key["kty"].as_str(), key["crv"].as_str()), (Some("EC"), Some("P-256")));
    assert_eq!((key["alg"].as_str(), key["use"].as_str()), (Some("ES256"), Some("sig")));
    assert!(key["kid"].is_string() && key["x"].is_string() && key["y"].is_string());
    assert!(key.get("d").is_none(), "the private half stays at home");
}
