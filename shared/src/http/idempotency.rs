//! `Idempotency-Key`: a POST that is sent again creates nothing twice. The response of the first call is stored in the
//! transaction that did the work; later calls with the same key and request get the stored response.
//!
//! Handlers don't know about it. [`handle`] gives the handler a write whose commit is deferred, then stores the
//! response and commits both together. A call that fails stores nothing, so the same key can be used again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use sqlx::types::Json;

use super::Route;
use super::answer::Answer;
use super::incoming::Incoming;
use super::stored_response::StoredResponse;
use crate::app::App;
use crate::error::{Error, Fault, Result};
use crate::problem;
use crate::transaction::{Context, DeferredWrite, Write};

pub(super) const NAME: &str = "Idempotency-Key";
pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const MAX_KEY_LENGTH: usize = 255;

/// How long a stored response is returned for a key.
const KEY_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// One request with an `Idempotency-Key`, while it is handled.
pub(crate) struct IdempotentCall {
    route: &'static str,
    key: String,
    /// The hash of path, query and body. A key that is sent with another request is refused.
    request_hash: Vec<u8>,
    /// The response of the first call, if there was one.
    stored: Mutex<Option<StoredResponse>>,
    /// The handler's uncommitted write, which waits for the response.
    pending_write: DeferredWrite,
    /// The advisory lock that the call's transaction holds.
    lock: i64,
    lock_taken: AtomicBool,
}

/// Returns the key that was sent, if the route accepts keys.
///
/// # Errors
/// 422 when the key is empty, too long, or not visible ASCII.
pub(super) fn key<'a>(route: &Route, headers: &'a HeaderMap) -> Result<Option<&'a HeaderValue>> {
    let Some(key) = headers.get(HEADER).filter(|_| route.repeatable()) else { return Ok(None) };
    match key.to_str().map(str::trim) {
        Ok(text) if (1..=MAX_KEY_LENGTH).contains(&text.len()) => Ok(Some(key)),
        _ => Err(Error::invalid(Fault::in_header(
            NAME,
            "invalid_key",
            format!("A key has 1 to {MAX_KEY_LENGTH} visible characters, such as a new UUID."),
        ))),
    }
}

/// Runs the handler, unless a call with this key was answered before: then returns the stored response.
///
/// # Errors
/// The handler's errors. 409 while another call with this key is running. 422 when the key is not valid, or was sent
/// with another request.
pub(super) async fn handle(route: &Route, mut incoming: Incoming) -> Result<Answer> {
    let Some(key) = key(route, &incoming.headers)? else { return route.handle(incoming).await };
    let call = Arc::new(IdempotentCall::new(route, key, &incoming));
    incoming.idempotent_call = Some(call.clone());
    let (app, context) = (incoming.app.clone(), incoming.context.clone());
    let result = route.handle(incoming).await;
    if let Some(stored) = take(&call.stored) {
        return stored.into_answer();
    }
    match (result, take(&call.pending_write)) {
        (Ok(answer), Some(write)) => {
            call.commit(write, &answer).await?;
            Ok(answer)
        }
        (Err(error), done) => {
            drop(done);
            call.wait_for_release(&app, context).await;
            Err(error)
        }
        (answer, None) => answer,
    }
}

impl IdempotentCall {
    fn new(route: &Route, key: &HeaderValue, incoming: &Incoming) -> Self {
        let key = key.to_str().unwrap_or_default().trim();
        let user = incoming.context.caller.user_id().map(|user| user.to_string()).unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest([&user, route.path, key].join("\0")).into();
        Self {
            route: route.path,
            key: key.to_owned(),
            request_hash: request_hash(incoming),
            stored: Mutex::default(),
            pending_write: DeferredWrite::default(),
            lock: digest.first_chunk().copied().map(i64::from_be_bytes).unwrap_or_default(),
            lock_taken: AtomicBool::new(false),
        }
    }

    /// Begins the handler's write. Fails when another call holds the key or has been answered.
    pub(super) async fn write(&self, app: &App, context: Context) -> Result<Write> {
        let mut write = match take(&self.pending_write) {
            Some(write) => write, // the handler's second write joins its first
            None => self.claim(app.write(context).await?).await?,
        };
        write.defer_commit(&self.pending_write);
        Ok(write)
    }

    /// Locks the key until the transaction ends, then looks for a stored response. That is a second statement, because
    /// the one that takes the lock doesn't see what was committed while it waited.
    async fn claim(&self, mut write: Write) -> Result<Write> {
        let (user, now) = (write.user()?, write.now());
        let free = sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "free!""#, self.lock)
            .fetch_one(write.connection())
            .await?;
        if !free {
            return Err(Error::problem(
                &problem::IDEMPOTENCY_KEY_IN_USE,
                "A call with this key has not been answered yet; send it again in a moment.",
            ));
        }
        let row = sqlx::query!(
            r#"SELECT request, status, headers AS "headers: Json<std::collections::BTreeMap<String, String>>", body
               FROM idempotency_keys WHERE user_id = $1 AND route = $2 AND key = $3 AND expires_at > $4"#,
            user.0,
            self.route,
            self.key,
            now,
        )
        .fetch_optional(write.connection())
        .await?;
        let Some(row) = row else {
            self.lock_taken.store(true, Ordering::Relaxed);
            return Ok(write);
        };
        write.roll_back().await?; // now, so that the next call doesn't find the key locked
        if row.request != self.request_hash {
            let detail = "This key was sent with another address or body; make a new one for each call.";
            let fault = Fault::in_header(NAME, "reused_key", detail);
            return Err(Error::unprocessable(&problem::IDEMPOTENCY_KEY_REUSED, fault));
        }
        let status = u16::try_from(row.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.ok_or_else(|| Error::internal("a stored response has no valid status"))?;
        *lock_of(&self.stored) = Some(StoredResponse { status, headers: row.headers.0, body: row.body.into() });
        Err(Error::problem(&problem::CONFLICT, "This call was answered before; its stored response follows."))
    }

    /// Waits until a failed transaction has released the key. The connection rolls back shortly after the handler drops
    /// it; a client that retries at once must not get 409.
    async fn wait_for_release(&self, app: &App, context: Context) {
        if !self.lock_taken.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(mut read) = app.read(context).await {
            // Outside a transaction the lock is released at once. If another call holds it longer, that is not our
            // concern.
            let _ = sqlx::query!(r#"SELECT true AS "free" FROM pg_advisory_xact_lock($1)"#, self.lock)
                .fetch_one(read.connection())
                .await;
        }
    }

    /// Stores the response and commits it together with the handler's work.
    async fn commit(&self, mut write: Write, answer: &Answer) -> Result<()> {
        let (user, now) = (write.user()?, write.now());
        let stored = StoredResponse::of(answer);
        sqlx::query!(
            "INSERT INTO idempotency_keys (user_id, route, key, request, status, headers, body, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (user_id, route, key) DO UPDATE SET request = excluded.request, status = excluded.status,
               headers = excluded.headers, body = excluded.body, expires_at = excluded.expires_at,
               created_at = excluded.created_at", // a row that has expired and was not purged yet
            user.0,
            self.route,
            self.key,
            self.request_hash,
            i16::try_from(stored.status.as_u16()).unwrap_or_default(),
            serde_json::to_value(&stored.headers)?,
            stored.body.as_ref(),
            now + KEY_LIFETIME,
            now,
        )
        .execute(write.connection())
        .await?;
        write.end().await
    }
}

/// Returns the hash of path, query and body.
fn request_hash(incoming: &Incoming) -> Vec<u8> {
    let mut digest = Sha256::new_with_prefix(&incoming.path);
    for (name, value) in &incoming.query {
        digest.update(format!("\0{name}\0{value}"));
    }
    digest.update("\0\0");
    digest.update(&incoming.body);
    digest.finalize().to_vec()
}

fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    lock_of(place).take()
}

fn lock_of<T>(place: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
