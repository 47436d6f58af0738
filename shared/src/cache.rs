//! The catalogue as anyone may read it, kept in Redis where there is one. An entry holds for the version of the
//! catalogue that it was read under, and each committed change of the catalogue raises that version before it is
//! answered: an editor reads their own write. An entry lives for a minute at most, which bounds what a raise that was
//! lost (Redis was away) can do. A Redis that is away costs only speed.

use std::sync::Arc;

use redis::AsyncCommands;

use crate::audit::Audit;
use crate::id::{CategoryId, CourseId, Id, LessonId, SectionId, UserId};
use crate::redis::Redis;

/// One slot of a cluster for all keys (the part in braces), so that version and entry come in one round trip.
const VERSION_KEY: &str = "{catalog}:version";
const ENTRY_SECONDS: u64 = 60;

#[derive(Clone)]
pub(crate) struct Cache(Arc<Redis>);

/// What there is under a key.
pub(crate) struct CacheLookup {
    /// The catalogue's version by now, under which a new entry is kept.
    pub version: Vec<u8>,
    /// The entry, if it is of this version.
    pub entry: Option<Vec<u8>>,
}

impl Cache {
    pub fn new(redis: Arc<Redis>) -> Self {
        Self(redis)
    }

    /// None when Redis is away.
    pub async fn get(&self, key: &str) -> Option<CacheLookup> {
        let keys = [VERSION_KEY.to_owned(), entry_key(key)];
        let values =
            self.0.ask(|mut redis| async move { redis.mget::<_, (Option<Vec<u8>>, Option<Vec<u8>>)>(&keys).await });
        let (version, entry) = values.await?;
        let version = version.unwrap_or_default(); // nothing was changed yet
        let entry = entry.and_then(|mut entry| {
            let end = entry.iter().position(|byte| *byte == b'\n')?;
            let of_this_version = entry.get(..end)? == version;
            of_this_version.then(|| entry.split_off(end + 1))
        });
        Some(CacheLookup { version, entry })
    }

    /// Keeps what was read after `version` was: if the catalogue changed meanwhile, nobody will find it.
    pub async fn put(&self, key: &str, mut version: Vec<u8>, entry: &[u8]) {
        version.push(b'\n');
        version.extend_from_slice(entry);
        let key = entry_key(key);
        self.0.ask(|mut redis| async move { redis.set_ex::<_, _, ()>(key, version, ENTRY_SECONDS).await }).await;
    }

    /// The catalogue has changed: no entry so far holds any more.
    pub async fn invalidate(&self) {
        self.0.ask(|mut redis| async move { redis.incr::<_, _, i64>(VERSION_KEY, 1).await }).await;
    }
}

fn entry_key(key: &str) -> String {
    format!("{{catalog}}:{key}")
}

/// Whether what was done may change what the public reads of the catalogue show.
pub(crate) fn changes_catalog(done: &Audit) -> bool {
    let parts = [CategoryId::RESOURCE, CourseId::RESOURCE, SectionId::RESOURCE, LessonId::RESOURCE];
    // A course shows its instructor; who is new here teaches nothing yet.
    let of_somebody_shown = done.resource_type() == UserId::RESOURCE
        && !["user.register", "user.register_again", "user.verify_email"].contains(&done.action());
    parts.contains(&done.resource_type()) || of_somebody_shown
}
