//! Redis in cluster mode, as `infra/cache.yaml` creates it. All keys of a command must be in the same slot there.

use crate::harness::{Lyceum, PASSWORD, RedisServer, needs_program};

#[tokio::test]
async fn a_cluster_counts_guesses_until_a_right_one_or_a_reset() {
    needs_program!("redis-server");
    let redis = RedisServer::start_cluster().await;
    let lyceum = Lyceum::with(|name| (name == "REDIS_URL").then(|| redis.url.clone())).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..4 {
        visitor.signs_in_as(&student.email, "wrong").await.is(401);
    }
    visitor.signs_in_as(&student.email, PASSWORD).await.ok();
    let stranger = lyceum.anonymous();
    for _ in 0..5 {
        stranger.signs_in_as(&student.email, "wrong").await.is(401);
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, 0, "Redis counts");
    let answer = stranger.signs_in_as(&student.email, PASSWORD).await.is(429);
    assert_eq!(answer.header("retry-after"), "2");

    stranger.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    stranger.resets_password(&token, "quite another sentence").await.no_content();
    stranger.signs_in_as(&student.email, "quite another sentence").await.ok();
    assert_eq!(lyceum.count("SELECT count(*) FROM limits").await, 0, "Redis still counts");
}
