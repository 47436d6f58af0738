//! API Gateway on this machine: converts HTTP requests to Lambda events, and responses back.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lyceum::app::App;
use lyceum::function::Handler;
use lyceum::run::Running;
use serde_json::{Map, Value, json};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::event::{self, Call};
use crate::hosts::Hosts;
use crate::template;

/// The largest request body that API Gateway accepts, in bytes.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// All functions, reached by their routes.
pub struct Gateway {
    app: Arc<App>,
    functions: HashMap<&'static str, Running>,
    /// One router per method, because API Gateway matches a less specific path if the specific one has another method.
    routes: HashMap<String, matchit::Router<Target>>,
    default: &'static str,
}

#[derive(Debug, Clone)]
struct Target {
    function: &'static str,
    route_key: String,
}

impl Gateway {
    /// # Errors
    /// Fails when two routes contradict each other.
    pub fn new(app: &Arc<App>) -> Result<Self> {
        let mut functions = HashMap::new();
        for function in lyceum_functions::ALL.iter() {
            functions.insert(function.name, Running::new(function, app.clone())?);
        }
        let mut routes: HashMap<String, matchit::Router<Target>> = HashMap::new();
        for function in lyceum_functions::ALL.iter() {
            for route in function.routes() {
                let (method, path) = (route.method.to_string(), route.path);
                let target = Target { function: function.name, route_key: format!("{method} {path}") };
                routes.entry(method).or_default().insert(path.replace("{proxy+}", "{*proxy}"), target)?;
            }
        }
        let mut answers_the_rest = lyceum_functions::ALL.iter().filter(|of| matches!(of.handler, Handler::Default(_)));
        let default = answers_the_rest.next().context("no function answers the calls that no route takes")?.name;
        Ok(Self { app: app.clone(), functions, routes, default })
    }

    /// Answers a request as API Gateway does. Returns the function's response in payload format 2.0.
    ///
    /// # Errors
    /// Fails when the function fails; API Gateway then answers 500.
    pub async fn call(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &[(String, String)],
        body: Option<&[u8]>,
        source_ip: &str,
    ) -> Result<Value> {
        let path = path_and_query.split('?').next().unwrap_or_default();
        let (function, route_key, path_parameters) = match self.routes.get(method).and_then(|of| of.at(path).ok()) {
            Some(found) => {
                let parameters = found.params.iter().map(|(name, value)| (name.to_owned(), json!(value)));
                (found.value.function, found.value.route_key.as_str(), parameters.collect())
            }
            None => (self.default, "$default", Map::new()),
        };
        let time = self.app.clock.now();
        let call = Call { method, path_and_query, headers, body, source_ip, route_key, path_parameters, time };
        self.invoke(function, event::http(&call)).await
    }

    /// Invokes a function with an event.
    ///
    /// # Errors
    /// Fails when the function doesn't exist, or when it fails.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value> {
        let running = self.functions.get(function).with_context(|| format!("there is no function {function}"))?;
        Ok(running.invoke(event).await?)
    }
}

/// Returns the HTTP service, with the CORS settings of the template. Pages of all allowed hosts may call it.
///
/// # Errors
/// Fails when the template's CORS settings are not valid.
pub fn service(gateway: Arc<Gateway>, hosts: Hosts) -> Result<axum::Router> {
    let template = template::cors()?;
    let names = |names: &[String]| names.iter().map(|name| name.parse::<HeaderName>()).collect::<Result<Vec<_>, _>>();
    let methods: Result<Vec<Method>, _> = template.allow_methods.iter().map(|name| name.parse()).collect();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| hosts.allow_origin(origin)))
        .allow_methods(methods?)
        .allow_headers(names(&template.allow_headers)?)
        .expose_headers(names(&template.expose_headers)?)
        .max_age(Duration::from_secs(template.max_age));
    Ok(axum::Router::new().fallback(handle).layer(cors).with_state(gateway))
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Vec<_> = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body: Option<&Bytes> = (!body.is_empty()).then_some(&body);
    let source_ip = peer.ip().to_canonical().to_string();
    let answer = gateway.call(parts.method.as_str(), path, &headers, body.map(AsRef::as_ref), &source_ip).await;
    match answer.and_then(|answer| http_answer(&answer)) {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a function failed");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}

/// Converts a function's response (payload format 2.0) to HTTP.
///
/// # Errors
/// Fails when it is not in that format.
pub(crate) fn http_answer(answer: &Value) -> Result<Response<Body>> {
    let status = answer["statusCode"].as_u64().context("the answer has no statusCode")?;
    let body = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"] == true { STANDARD.decode(body)? } else { body.as_bytes().to_vec() };
    let mut response = Response::builder().status(u16::try_from(status)?);
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap_or_default());
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        response = response.header("set-cookie", cookie);
    }
    Ok(response.body(body.into())?)
}

/// Returns an error response of API Gateway itself.
fn plain(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
