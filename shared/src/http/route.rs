//! Routes as data. Every route states its access. The OpenAPI document, the templates in `infra/functions` and the
//! authorization matrix are made from the tables of routes.

use std::future::Future;
use std::sync::Arc;

use http::{Method, StatusCode};
use lambda_http::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::answer::Answer;
use super::incoming::Incoming;
use super::openapi::OperationDoc;
use super::{Reply, Request};
use crate::error::Result;
use crate::identity::Permission;
use crate::input::Input;
use crate::problem::Kind;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone. A token is ignored.
    Open,
    /// Anyone. A token, if sent, must be valid; signed-in callers may see more.
    Public,
    /// Signed-in callers. What they may see and do is decided where the object is loaded.
    SignedIn,
    /// Signed-in callers who hold this permission.
    Needs(Permission),
}

/// One operation of the API.
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// In the syntax of API Gateway: `/v1/courses/{course_id}`.
    pub path: &'static str,
    pub access: Access,
    /// Whether calls are limited per client address. Needed where a secret is checked or a mail is sent.
    pub limited: bool,
    /// Whether responses to callers without a token are cached.
    pub cached: bool,
    /// The route's entry in the OpenAPI document.
    pub doc: OperationDoc,
    handler: Handler,
    /// Builds the response body after the commit, see [`Route::then`].
    build_response: Option<BuildResponse>,
}

type Handler = Arc<dyn Fn(Incoming) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;
type BuildResponse = Arc<dyn Fn(Incoming, Answer) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;

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
        let doc = OperationDoc::new::<B, Q, T>(&method);
        let handler: Handler = Arc::new(move |incoming| {
            let handler = handler.clone();
            Box::pin(async move { Answer::new(handler(Request::parse(incoming)?).await?) })
        });
        Self { method, path, access, limited: false, cached: false, doc, handler, build_response: None }
    }

    /// Limits calls per client address.
    #[must_use]
    pub fn limited(self) -> Self {
        Self { limited: true, ..self }
    }

    /// Caches responses to callers without a token. The response must depend only on the catalogue, on the users who
    /// teach, and on the request's path and query, because changes of these invalidate the cache.
    #[must_use]
    pub fn cached(self) -> Self {
        Self { cached: true, ..self }
    }

    /// Builds the response body after the commit, for first calls and for replays of an `Idempotency-Key`. Use it for
    /// data that must not be stored, such as signed URLs. `build_response` gets the handler's body.
    #[must_use]
    pub fn then<T, U, F>(
        mut self,
        build_response: impl Fn(Request<(), ()>, T) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        U: Serialize + ToSchema + Send + 'static,
        F: Future<Output = Result<U>> + Send + 'static,
    {
        self.doc.set_response::<U>();
        self.build_response = Some(Arc::new(move |incoming, answer| {
            let build_response = build_response.clone();
            Box::pin(async move {
                let left = serde_json::from_slice(&answer.body)?;
                let shown = build_response(Request::without_input(incoming), left).await?;
                Ok(Answer { body: serde_json::to_vec(&shown)?.into(), ..answer })
            })
        }));
        self
    }

    /// Sets the operation id (`publish_course`) and the summary.
    #[must_use]
    pub fn named(mut self, operation: &'static str, summary: &'static str) -> Self {
        self.doc.operation = operation;
        self.doc.summary = summary;
        self
    }

    /// Sets the success statuses, when they differ from the default of the method.
    #[must_use]
    pub fn answers(mut self, statuses: &'static [StatusCode]) -> Self {
        self.doc.statuses = statuses;
        self
    }

    /// Adds another media type that callers can request with `Accept`.
    #[must_use]
    pub fn also_as(mut self, media_type: &'static str) -> Self {
        self.doc.also_as(media_type);
        self
    }

    /// Lists the route's own problems. Those that follow from its access and input are added automatically.
    #[must_use]
    pub fn problems(mut self, kinds: &'static [&'static Kind]) -> Self {
        self.doc.problems = kinds;
        self
    }

    /// Whether the route accepts an `Idempotency-Key`: signed-in POST routes that create an object.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        self.method == Method::POST
            && matches!(self.access, Access::SignedIn | Access::Needs(_))
            && self.doc.statuses.contains(&StatusCode::CREATED)
    }

    /// Completes the handler's response, see [`Route::then`].
    pub(super) async fn answer(&self, incoming: Incoming, left: Answer) -> Result<Answer> {
        match &self.build_response {
            Some(build_response) => build_response(incoming, left).await,
            None => Ok(left),
        }
    }

    pub(super) fn handle(&self, incoming: Incoming) -> BoxFuture<'static, Result<Answer>> {
        (self.handler)(incoming)
    }
}

macro_rules! method {
    ($($name:ident = $method:ident),*) => {$(
        #[doc = concat!("Creates a `", stringify!($method), "` route.")]
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
