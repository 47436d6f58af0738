use crate::harness::Lyceum;

#[tokio::test]
async fn all_is_well_when_the_database_answers() {
    let lyceum = Lyceum::new().await;
    let health = lyceum.anonymous().get("/health").await.ok();
    assert_eq!(health["status"], "ok");
}

#[tokio::test]
async fn with_the_database_away_it_is_503_within_three_seconds() {
    let away = |name: &str| (name == "DATABASE_URL").then(|| "postgres://nobody@127.0.0.1:9/none".to_owned());
    let lyceum = Lyceum::with(away).await;
    let answer =
        tokio::time::timeout(std::time::Duration::from_secs(3), lyceum.anonymous().get("/health")).await.unwrap();
    assert_eq!(answer.header("retry-after"), "1");
    answer.problem(503, "unavailable");
}

#[tokio::test]
async fn a_broken_token_does_not_matter_here() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().with_token("broken").get("/health").await.ok();
}
