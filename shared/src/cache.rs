//! A cache of public catalogue responses in Redis. Each entry holds the version of the catalogue under which it was
//! read. Every committed change of the catalogue raises the version before the change is answered, so an editor sees
//! their own write. Entries live for at most a minute, which bounds the effect of a raise that was lost because Redis
//! was unavailable. Without Redis, requests are only slower.

use std::sync::Arc;

use redis::AsyncCommands;

use crate::audit::Audit;
use crate::id::{CategoryId, CourseId, Id, LessonId, SectionId, UserId};
use crate::redis::Redis;

/// The key of the version. The part in braces puts all keys in one slot of a cluster, so that one round trip reads
/// version and entry.
const VERSION_KEY: &str = "{catalog}:version";
const ENTRY_SECONDS: u64 = 60;

#[derive(Clone)]
pub(crate) struct Cache(Arc<Redis>);

/// The result of a lookup.
pub(crate) struct CacheLookup {
    /// The current version of the catalogue; pass it to [`Cache::put`].
    pub version: Vec<u8>,
    /// The entry, if it was read under this version.
    pub entry: Option<Vec<u8>>,
}

impl Cache {
    pub fn new(redis: Arc<Redis>) -> Self {
        Self(redis)
    }

    /// Looks up an entry. Returns `None` when Redis is unavailable.
    pub async fn get(&self, key: &str) -> Option<CacheLookup> {
        let keys = [VERSION_KEY.to_owned(), entry_key(key)];
        let values =
            self.0.ask(|mut redis| async move { redis.mget::<_, (Option<Vec<u8>>, Option<Vec<u8>>)>(&keys).await });
        let (version, entry) = values.await?;
        let version = version.unwrap_or_default(); // no change yet
        let entry = entry.and_then(|mut entry| {
            let end = entry.iter().position(|byte| *byte == b'\n')?;
            let of_this_version = entry.get(..end)? == version;
            of_this_version.then(|| entry.split_off(end + 1))
        });
        Some(CacheLookup { version, entry })
    }

    /// Stores an entry that was read under `version`. If the catalogue has changed since, the entry is never used.
    pub async fn put(&self, key: &str, mut version: Vec<u8>, entry: &[u8]) {
        version.push(b'\n');
        version.extend_from_slice(entry);
        let key = entry_key(key);
        self.0.ask(|mut redis| async move { redis.set_ex::<_, _, ()>(key, version, ENTRY_SECONDS).await }).await;
    }

    /// Invalidates all entries by raising the version.
    pub async fn invalidate(&self) {
        self.0.ask(|mut redis| async move { redis.incr::<_, _, i64>(VERSION_KEY, 1).await }).await;
    }
}

fn entry_key(key: &str) -> String {
    format!("{{catalog}}:{key}")
}

/// Whether the audited action may change a public catalogue response.
pub(crate) fn changes_catalog(done: &Audit) -> bool {
    let parts = [CategoryId::RESOURCE, CourseId::RESOURCE, SectionId::RESOURCE, LessonId::RESOURCE];
    // Courses show their instructor. A user who has just registered teaches nothing.
    let of_somebody_shown = done.resource_type() == UserId::RESOURCE
        && !["user.register", "user.register_again", "user.verify_email"].contains(&done.action());
    parts.contains(&done.resource_type()) || of_somebody_shown
}
