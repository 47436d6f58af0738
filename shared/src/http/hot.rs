//! Reads of the catalogue that anyone may do, and many do: answered from the cache where there is one.

use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::incoming::Incoming;
use super::kept::Kept;
use super::{Access, Route, idempotency};
use crate::error::Result;
use crate::identity::Caller;

/// Runs the handler, or answers what it answered a moment ago. Only an answer to nobody in particular is kept: that of
/// a public route to a caller without a token.
pub(super) async fn handle(route: &Route, incoming: Incoming) -> Result<Answer> {
    let anonymous = matches!(incoming.context.caller, Caller::Anonymous);
    let cache = incoming.app.cache().filter(|_| route.hot && route.access == Access::Public && anonymous).cloned();
    let Some(cache) = cache else { return idempotency::handle(route, incoming).await };
    let key = address(&incoming);
    let Some(found) = cache.find(&key).await else { return route.handle(incoming).await };
    if let Some(kept) = found.entry.as_deref().and_then(Kept::from_bytes) {
        return kept.answer();
    }
    let answer = route.handle(incoming).await?;
    cache.keep(&key, found.version, &Kept::of(&answer).to_bytes()).await;
    Ok(answer)
}

/// What the answer depends on; hashed, since a search may be as long as an address.
fn address(incoming: &Incoming) -> String {
    let address = serde_json::json!([incoming.path, incoming.query]);
    hex::encode(Sha256::digest(address.to_string()))
}
