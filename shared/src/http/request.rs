//! What a handler is given: typed input, and a caller.

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
    /// Of a call whose input was read before.
    pub(super) fn without_input(incoming: Incoming) -> Self {
        Self { body: (), query: (), incoming }
    }
}

impl<B, Q> Request<B, Q> {
    /// When it came.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.incoming.context.now
    }

    /// Whether the call named itself, so that it can come again for the same answer.
    #[must_use]
    pub fn may_come_again(&self) -> bool {
        self.incoming.headers.contains_key(idempotency::HEADER)
    }

    /// Parts the body from the rest, for a handler that consumes it.
    #[must_use]
    pub fn take_body(self) -> (B, Request<(), Q>) {
        (self.body, Request { body: (), query: self.query, incoming: self.incoming })
    }

    /// The id in the path.
    ///
    /// # Errors
    /// 404 when it is no id: nothing can be found under it.
    pub fn id<T: Id + FromStr>(&self, parameter: &str) -> Result<T> {
        self.path(parameter).parse().map_err(|_| Error::not_found(T::RESOURCE))
    }

    /// A parameter of the path, decoded.
    #[must_use]
    pub fn path(&self, parameter: &str) -> &str {
        self.incoming.parameters.get(parameter).map_or("", String::as_str)
    }

    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.incoming.context.caller
    }

    /// The signed-in caller's id.
    ///
    /// # Errors
    /// 401 for anyone else.
    pub fn user(&self) -> Result<UserId> {
        self.caller().user_id().ok_or_else(|| Error::unauthorized("Sign in first."))
    }

    /// Lets go of the connection of the call, before what takes long and needs none: a hash, or S3.
    pub fn release_connection(&self) {
        self.incoming.context.connection.release();
    }

    /// What `If-Match` asks of the object.
    #[must_use]
    pub fn precondition(&self) -> Precondition {
        Precondition::from_header(self.incoming.header(IF_MATCH))
    }

    /// Whether the caller would rather have the answer as that type than as JSON.
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

    /// Opens a read with this caller.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn read(&self) -> Result<Read> {
        self.app().read(self.incoming.context.clone()).await
    }

    /// Does a read that may be some moments old: by the replica, or by the writer when there is none or it is away.
    ///
    /// # Errors
    /// Those of the work; 503 when both databases are away.
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

    /// Begins a write with this caller. Of a call that names itself by an `Idempotency-Key`, only the first one gets
    /// it; it is then committed together with its answer, so that nothing else may be opened after its commit.
    ///
    /// # Errors
    /// 503 when the database is away; for a call with a key that is not new, 409 or 422, or what the frame knows how to
    /// answer.
    pub async fn write(&self) -> Result<Write> {
        match &self.incoming.idempotent_call {
            Some(call) => call.write(self.app(), self.incoming.context.clone()).await,
            None => self.app().write(self.incoming.context.clone()).await,
        }
    }

    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.incoming.query.iter().any(|(parameter, _)| parameter == name)
    }

    /// The address of the same list from that cursor on.
    pub(super) fn next_page(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.incoming.query.iter().filter(|(name, _)| name != "cursor"));
        query.append_pair("cursor", cursor);
        format!("{}?{}", self.incoming.path, query.finish())
    }
}
