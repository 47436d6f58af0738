//! Serves public catalogue reads from the cache, when Redis is configured.

use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::incoming::Incoming;
use super::stored_response::StoredResponse;
use super::{Access, Route, idempotency};
use crate::error::Result;
use crate::identity::Caller;

/// Returns the cached response of a route marked `cached`, or runs the handler and caches its response. Applies only
/// to public routes called without a token.
pub(super) async fn handle(route: &Route, incoming: Incoming) -> Result<Answer> {
    let anonymous = matches!(incoming.context.caller, Caller::Anonymous);
    let cache = incoming.app.cache().filter(|_| route.cached && route.access == Access::Public && anonymous).cloned();
    let Some(cache) = cache else { return idempotency::handle(route, incoming).await };
    let key = cache_key(&incoming);
    let Some(found) = cache.get(&key).await else { return route.handle(incoming).await };
    if let Some(stored) = found.entry.as_deref().and_then(StoredResponse::from_bytes) {
        return stored.into_answer();
    }
    let answer = route.handle(incoming).await?;
    cache.put(&key, found.version, &StoredResponse::of(&answer).to_bytes()).await;
    Ok(answer)
}

/// Returns the key of a request: a hash of its path and query, which keeps long searches short.
fn cache_key(incoming: &Incoming) -> String {
    let address = serde_json::json!([incoming.path, incoming.query]);
    hex::encode(Sha256::digest(address.to_string()))
}
