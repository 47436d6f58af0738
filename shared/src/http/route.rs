//! Routes as data. A route can't be written without its access; the tables of routes together are the API,
//! from which the OpenAPI document and the templates in `infra/functions` are made.

use std::future::Future;
use std::sync::Arc;

use http::{Method, StatusCode};
use lambda_http::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::answer::Answer;
use super::incoming::Incoming;
use super::openapi::Described;
use super::{Reply, Request};
use crate::error::Result;
use crate::identity::Permission;
use crate::input::Input;
use crate::problem::Kind;

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone; a token is not even looked at.
    Open,
    /// Anyone; a token that is sent must be valid, and may show more.
    Public,
    /// Whoever is signed in. What they may see and do is decided where it is loaded.
    SignedIn,
    /// Whoever is signed in and holds this permission.
    Needs(Permission),
}

/// One operation of the API.
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// As API Gateway writes it: `/v1/courses/{course_id}`.
    pub path: &'static str,
    pub access: Access,
    /// Whether an address may call it just so often (`security.md`, 2): what takes a secret or sends a mail.
    pub limited: bool,
    /// Whether its answers to callers without a token are kept in the cache, where there is one.
    pub hot: bool,
    /// What the OpenAPI document says of it.
    pub described: Described,
    handler: Handler,
    /// What makes the answer of what the handler left (`Route::then`).
    afterwards: Option<Afterwards>,
}

type Handler = Arc<dyn Fn(Incoming) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;
type Afterwards = Arc<dyn Fn(Incoming, Answer) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;

impl Route {
    fn new<B, Q, T, F>(
        method: Method,
        path: &'static str,
        access: Access,
        handler: impl Fn(Request<B, Q>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        B: Input,
        Q: Input,
        T: Serialize + ToSchema + Send + 'static,
        F: Future<Output = Result<Reply<T>>> + Send + 'static,
    {
        let described = Described::new::<B, Q, T>(&method);
        let handler: Handler = Arc::new(move |incoming| {
            let handler = handler.clone();
            Box::pin(async move { Answer::new(handler(Request::parse(incoming)?).await?) })
        });
        Self { method, path, access, limited: false, hot: false, described, handler, afterwards: None }
    }

    /// An address may call it just so often.
    #[must_use]
    pub fn limited(self) -> Self {
        Self { limited: true, ..self }
    }

    /// A public read of the catalogue that is worth caching. It may depend on nothing but the catalogue, the people who
    /// teach, and its own address (`cache`).
    #[must_use]
    pub fn hot(self) -> Self {
        Self { hot: true, ..self }
    }

    /// Has the answer made of what the handler left, outside of its transaction: each time that it is asked for, also by a
    /// call that comes again, for what can't be kept to be given again.
    #[must_use]
    pub fn then<T, U, F>(mut self, afterwards: impl Fn(Request<(), ()>, T) -> F + Clone + Send + Sync + 'static) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        U: Serialize + ToSchema + Send + 'static,
        F: Future<Output = Result<U>> + Send + 'static,
    {
        self.described.shows::<U>();
        self.afterwards = Some(Arc::new(move |incoming, answer| {
            let afterwards = afterwards.clone();
            Box::pin(async move {
                let left = serde_json::from_slice(&answer.body)?;
                let shown = afterwards(Request::bare(incoming), left).await?;
                Ok(Answer { body: serde_json::to_vec(&shown)?.into(), ..answer })
            })
        }));
        self
    }

    /// Its name for programs (`publish_course`) and for people.
    #[must_use]
    pub fn named(mut self, operation: &'static str, summary: &'static str) -> Self {
        self.described.operation = operation;
        self.described.summary = summary;
        self
    }

    /// The statuses of its success, where they are not the method's own.
    #[must_use]
    pub fn answers(mut self, statuses: &'static [StatusCode]) -> Self {
        self.described.statuses = statuses;
        self
    }

    /// Another type that its success comes as, for whoever accepts that.
    #[must_use]
    pub fn also_as(mut self, media_type: &'static str) -> Self {
        self.described.also_as(media_type);
        self
    }

    /// The problems that are its own; those of its access and its input are known.
    #[must_use]
    pub fn problems(mut self, kinds: &'static [&'static Kind]) -> Self {
        self.described.problems = kinds;
        self
    }

    /// Whether a call of it may name itself by an `Idempotency-Key`: a signed-in POST that makes something.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        self.method == Method::POST
            && matches!(self.access, Access::SignedIn | Access::Needs(_))
            && self.described.statuses.contains(&StatusCode::CREATED)
    }

    /// The answer that is given, of what the handler left.
    pub(super) async fn answer(&self, incoming: Incoming, left: Answer) -> Result<Answer> {
        match &self.afterwards {
            Some(afterwards) => afterwards(incoming, left).await,
            None => Ok(left),
        }
    }

    pub(super) fn handle(&self, incoming: Incoming) -> BoxFuture<'static, Result<Answer>> {
        (self.handler)(incoming)
    }
}

macro_rules! method {
    ($($name:ident = $method:ident),*) => {$(
        #[doc = concat!("A `", stringify!($method), "` route.")]
        pub fn $name<B, Q, T, F>(
            path: &'static str,
            access: Access,
            handler: impl Fn(Request<B, Q>) -> F + Clone + Send + Sync + 'static,
        ) -> Route
        where
            B: Input,
            Q: Input,
            T: Serialize + ToSchema + Send + 'static,
            F: Future<Output = Result<Reply<T>>> + Send + 'static,
        {
            Route::new(Method::$method, path, access, handler)
        }
    )*};
}
method!(get = GET, post = POST, put = PUT, patch = PATCH, delete = DELETE);
