//! The argument of a handler: typed input, the caller, and access to the database.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::header::{ACCEPT, IF_MATCH};

use super::idempotency;
use super::incoming::Incoming;
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{Id, UserId};
use crate::identity::Caller;
use crate::input::{Faults, Input, NoFields};
use crate::transaction::{Read, Write};
use crate::version::Precondition;

pub struct Request<B = NoFields, Q = NoFields> {
    pub body: B,
    pub query: Q,
    incoming: Incoming,
}

impl<B: Input, Q: Input> Request<B, Q> {
    pub(super) fn parse(incoming: Incoming) -> Result<Self> {
        let query = deserr::deserialize(incoming.query_as_json()).map_err(Faults::of_query)?;
        let body = deserr::deserialize(incoming.value(B::MEDIA_TYPES)?).map_err(Faults::of_body)?;
        Ok(Self { body, query, incoming })
    }
}

impl Request<(), ()> {
    /// Creates a request for [`Route::then`](super::Route::then), whose input the handler has parsed before.
    pub(super) fn without_input(incoming: Incoming) -> Self {
        Self { body: (), query: (), incoming }
    }
}

impl<B, Q> Request<B, Q> {
    /// Returns the time at which the request arrived.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.incoming.context.now
    }

    /// Whether the request has an `Idempotency-Key`, so that the client can send it again for the same response.
    #[must_use]
    pub fn may_come_again(&self) -> bool {
        self.incoming.headers.contains_key(idempotency::HEADER)
    }

    /// Splits off the body, for handlers that consume it.
    #[must_use]
    pub fn take_body(self) -> (B, Request<(), Q>) {
        (self.body, Request { body: (), query: self.query, incoming: self.incoming })
    }

    /// Returns the id in the path.
    ///
    /// # Errors
    /// 404 when the parameter is not a valid id.
    pub fn id<T: Id + FromStr>(&self, parameter: &str) -> Result<T> {
        self.path(parameter).parse().map_err(|_| Error::not_found(T::RESOURCE))
    }

    /// Returns a path parameter with its percent-encoding decoded, or an empty text when the path has none of this
    /// name.
    #[must_use]
    pub fn path(&self, parameter: &str) -> &str {
        self.incoming.parameters.get(parameter).map_or("", String::as_str)
    }

    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.incoming.context.caller
    }

    /// Returns the id of the signed-in caller.
    ///
    /// # Errors
    /// 401 when nobody is signed in.
    pub fn user(&self) -> Result<UserId> {
        self.caller().user_id().ok_or_else(|| Error::unauthorized("Sign in first."))
    }

    /// Returns the request's database connection to the pool. Call it before slow work that needs no database, such as
    /// hashing a password or calling S3.
    pub fn release_connection(&self) {
        self.incoming.context.connection.release();
    }

    /// Returns the condition in `If-Match`.
    #[must_use]
    pub fn precondition(&self) -> Precondition {
        Precondition::from_header(self.incoming.header(IF_MATCH))
    }

    /// Whether `Accept` prefers this media type to JSON.
    #[must_use]
    pub fn prefers(&self, media_type: &str) -> bool {
        let accept = self.incoming.header(ACCEPT).unwrap_or_default();
        let quality = |wanted: &str| {
            let ranges = accept.split(',').filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let named = parts.next().is_some_and(|range| range.eq_ignore_ascii_case(wanted));
                named.then(|| parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32))
            });
            ranges.fold(0.0, f32::max)
        };
        quality(media_type) > quality("application/json")
    }

    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.incoming.app
    }

    /// Opens a read on behalf of the caller.
    ///
    /// # Errors
    /// 503 when the database is unavailable.
    pub async fn read(&self) -> Result<Read> {
        self.app().read(self.incoming.context.clone()).await
    }

    /// Runs a read that may see slightly old data. Uses the replica, or the writer when there is no replica or it is
    /// unavailable.
    ///
    /// # Errors
    /// The errors of `work`; 503 when both databases are unavailable.
    pub async fn read_from_replica<T, F: Future<Output = Result<T>>>(&self, work: impl Fn(Read) -> F) -> Result<T> {
        let done = match self.app().read_from_replica(self.incoming.context.clone()).await {
            Some(Ok(read)) => work(read).await,
            Some(Err(error)) => Err(error),
            None => return work(self.read().await?).await,
        };
        match done {
            Err(error @ (Error::Unavailable(_) | Error::Retry(_))) => {
                tracing::warn!(%error, "the replica could not answer");
                work(self.read().await?).await
            }
            done => done,
        }
    }

    /// Begins a transaction on behalf of the caller. With an `Idempotency-Key`, the commit is deferred until the
    /// response is known: the handler must not open another read or write after committing.
    ///
    /// # Errors
    /// 503 when the database is unavailable. With an `Idempotency-Key`, also 409 or 422, and an error that stands for
    /// the stored response; pass them on.
    pub async fn write(&self) -> Result<Write> {
        match &self.incoming.idempotent_call {
            Some(call) => call.write(self.app(), self.incoming.context.clone()).await,
            None => self.app().write(self.incoming.context.clone()).await,
        }
    }

    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.incoming.query.iter().any(|(parameter, _)| parameter == name)
    }

    /// Returns the address of the same list, starting at `cursor`.
    pub(super) fn next_page(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.incoming.query.iter().filter(|(name, _)| name != "cursor"));
        query.append_pair("cursor", cursor);
        format!("{}?{}", self.incoming.path, query.finish())
    }
}
