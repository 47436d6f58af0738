//! Answers an HTTP event: finds the route, authenticates the caller, runs the handler, and turns errors into problems.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use http::header::{ALLOW, AUTHORIZATION, IF_NONE_MATCH};
use http::{HeaderValue, Method, Response, StatusCode};
use lambda_http::Body;
use tracing::Instrument;

use super::answer::Answer;
use super::incoming::Incoming;
use super::{Access, Route, idempotency, response_cache};
use crate::answer_size;
use crate::app::App;
use crate::audit::{self, Audit, Changes};
use crate::error::{Error, Result};
use crate::identity::Caller;
use crate::identity::authenticate::authenticate;
use crate::problem;

/// How often a handler runs in total when the database asks for its transaction to be retried.
const MAX_ATTEMPTS: u32 = 4;

/// A table of routes with its router.
pub struct Api {
    routes: Vec<Route>,
    router: matchit::Router<Vec<usize>>,
    /// Whether this table serves nothing and only explains why a request was not routed (404 or 405).
    is_fallback: bool,
}

impl Api {
    /// # Errors
    /// Fails when two routes have the same method and path, or when a path is not valid.
    pub fn new(routes: Vec<Route>) -> Result<Self> {
        let mut paths: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, route) in routes.iter().enumerate() {
            let same_path = paths.entry(route.path).or_default();
            if same_path.iter().filter_map(|other| routes.get(*other)).any(|other| other.method == route.method) {
                return Err(Error::internal(format!("two routes for {} {}", route.method, route.path)));
            }
            same_path.push(index);
        }
        let mut router = matchit::Router::new();
        for (path, same_path) in paths {
            // API Gateway writes the rest of a path as {proxy+}.
            router
                .insert(path.replace("+}", "}").replace("{proxy}", "{*proxy}"), same_path)
                .map_err(Error::internal)?;
        }
        Ok(Self { routes, router, is_fallback: false })
    }

    /// Creates a table that serves none of these routes. It answers requests that no function's route took: 404 for an
    /// unknown path, 405 with `Allow` for a known path.
    ///
    /// # Errors
    /// Fails in the same cases as [`Api::new`].
    pub fn fallback(routes: Vec<Route>) -> Result<Self> {
        Ok(Self { is_fallback: true, ..Self::new(routes)? })
    }

    /// Answers one request. Every error becomes a problem response.
    pub async fn answer(&self, app: &Arc<App>, event: lambda_http::Request) -> Response<Body> {
        let (began, cold_start) = (Instant::now(), app.is_cold());
        let mut incoming = Incoming::new(app, event);
        let (request_id, method, path) = (incoming.request_id.clone(), incoming.method.clone(), incoming.path.clone());
        let if_none_match = incoming.header(IF_NONE_MATCH).map(ToOwned::to_owned);
        let anonymous = !incoming.headers.contains_key(AUTHORIZATION);

        let found = incoming.check_edge_secret().and_then(|()| self.find(&mut incoming));
        let (route, result) = match found {
            // API Gateway adds the CORS headers to a preflight, but takes the status from `$default`.
            Err(_) if self.is_fallback && method == Method::OPTIONS => (None, Ok(Answer::no_content())),
            Ok(route) => {
                let call = self.call(route, &mut incoming).instrument(tracing::info_span!("call", request_id));
                // A dependency may never respond. Lambda's own timeout would end the function without a response.
                let done = tokio::time::timeout(app.settings.call_timeout, call).await;
                (Some(route), done.unwrap_or_else(|_| Err(Error::Unavailable("the call took too long".into()))))
            }
            Err(error) => (None, Err(error)),
        };
        let user = incoming.context.caller.user_id();
        let result = result.and_then(|answer| {
            if answer_size::fits(&answer.body) {
                return Ok(answer);
            }
            Err(Error::internal("the answer is larger than a function can return"))
        });
        let mut answer = match result {
            Ok(mut answer) => {
                if method == Method::GET && answer.status == StatusCode::OK {
                    if anonymous && route.is_some_and(|route| route.access == Access::Public) {
                        answer = answer.cacheable();
                    }
                    answer = answer.conditional(if_none_match.as_deref());
                }
                answer
            }
            Err(error) => {
                let mut answer = Answer::problem(error, &request_id);
                if answer.status == StatusCode::METHOD_NOT_ALLOWED
                    && let Ok(allowed) = HeaderValue::from_str(&self.methods(&path))
                {
                    answer.headers.insert(ALLOW, allowed);
                }
                answer
            }
        };
        if let Some(Ok(Some(key))) = route.map(|route| idempotency::key(route, &incoming.headers)) {
            answer.headers.insert(idempotency::HEADER, key.clone());
        }
        tracing::info!(
            request_id,
            %method,
            route = route.map_or("$default", |route| route.path),
            status = answer.status.as_u16(),
            milliseconds = milliseconds(began),
            user = user.map(|user| user.to_string()),
            cold_start,
            unavailable = u8::from(answer.status == StatusCode::SERVICE_UNAVAILABLE),
            limited = u8::from(answer.status == StatusCode::TOO_MANY_REQUESTS),
        );
        answer.into_response(&request_id)
    }

    fn find(&self, incoming: &mut Incoming) -> Result<&Route> {
        let nothing = || Error::problem(&problem::NOT_FOUND, "There is nothing at this address.");
        let found = self.router.at(&incoming.path).map_err(|_| nothing())?;
        let route = found.value.iter().filter_map(|index| self.routes.get(*index));
        let route =
            route.into_iter().find(|route| route.method == incoming.method && !self.is_fallback).ok_or_else(|| {
                Error::problem(&problem::METHOD_NOT_ALLOWED, format!("{} is not possible here.", incoming.method))
            })?;
        incoming.parameters = found.params.iter().map(|(name, value)| (name.to_owned(), decode(value))).collect();
        Ok(route)
    }

    fn methods(&self, path: &str) -> String {
        let indices = self.router.at(path).map(|found| found.value.as_slice()).unwrap_or_default();
        let methods: Vec<_> =
            indices.iter().filter_map(|index| self.routes.get(*index)).map(|route| route.method.as_str()).collect();
        methods.join(", ")
    }

    async fn call(&self, route: &Route, incoming: &mut Incoming) -> Result<Answer> {
        if route.limited {
            let mut read = incoming.app.read(incoming.context.clone()).await?;
            incoming.app.limits.call(&mut read, route.path).await?;
        }
        incoming.context.caller = caller(route.access, incoming).await?;
        let left = self.handle(route, incoming).await?;
        route.answer(incoming.clone(), left).await
    }

    /// Runs the handler. Runs it again when the database asks for a retry, up to [`MAX_ATTEMPTS`] times.
    async fn handle(&self, route: &Route, incoming: &Incoming) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let allowed = match route.access {
                Access::Needs(permission) => incoming.context.caller.needs(permission),
                _ => Ok(()),
            };
            let result = match allowed {
                Ok(()) => response_cache::handle(route, incoming.clone()).await,
                Err(error) => Err(error),
            };
            match result {
                Err(Error::Retry(_)) if attempt < MAX_ATTEMPTS => attempt += 1,
                Err(error) => {
                    if error.is(&problem::FORBIDDEN) {
                        record_refusal(route, incoming).await;
                    }
                    return Err(error);
                }
                answer => return answer,
            }
        }
    }
}

/// Returns the milliseconds since `began`, rounded to a tenth.
pub(crate) fn milliseconds(began: Instant) -> f64 {
    (began.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}

/// Authenticates the caller as the route's access demands.
async fn caller(access: Access, incoming: &Incoming) -> Result<Caller> {
    match (access, incoming.bearer()) {
        (Access::Open, _) => Ok(Caller::Anonymous),
        (_, Some(token)) => {
            let app = &incoming.app;
            let mut read = app.read(incoming.context.clone()).await?;
            authenticate(&mut read, &app.keys, &app.settings.issuer, token).await
        }
        (Access::Public, None) if !incoming.headers.contains_key(AUTHORIZATION) => Ok(Caller::Anonymous),
        _ => Err(Error::unauthorized("Send an access token as Authorization: Bearer; POST /v1/auth/login gives one.")),
    }
}

/// Records a refused request in the audit log. A failure to record it doesn't change the response.
async fn record_refusal(route: &Route, incoming: &Incoming) {
    if let Err(error) = try_to_record_refusal(route, incoming).await {
        tracing::error!(%error, "a refused request could not be recorded");
    }
}

/// Counts the refusals of this caller on this route, and writes an audit row for the first, second, fourth, eighth …
/// of the hour, so that repeated requests can't flood the log.
async fn try_to_record_refusal(route: &Route, incoming: &Incoming) -> Result<()> {
    let mut write = incoming.app.write(incoming.context.clone()).await?;
    let refused = audit::count_refusal(&mut write, &format!("{} {}", route.method, route.path)).await?;
    if !refused.is_power_of_two() {
        return write.commit_unaudited("the count is the record").await;
    }
    let called = format!("{} {}", route.method, incoming.path);
    let changes = Changes::field("route", None::<&str>, called);
    let changes = if refused > 1 { changes.and("refused", None::<u32>, refused) } else { changes };
    write.commit(Audit::of("request.refuse", "route").changed(changes)).await
}

/// Decodes a path parameter's percent-encoding. A value that is not valid text (not UTF-8, or with a NUL) stays
/// encoded, so that it matches nothing.
fn decode(value: &str) -> String {
    match percent_encoding::percent_decode_str(value).decode_utf8() {
        Ok(text) if !text.contains('\0') => text.into(),
        _ => value.to_owned(),
    }
}
