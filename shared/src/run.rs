//! A function and its two runtimes: Lambda, and this process (the local stack and the tests). Both use real events and
//! responses.

use std::sync::Arc;
use std::time::Instant;

use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::Service;
use lambda_http::{Adapter, Body, BoxFuture, Context, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::Instrument;

use crate::app::{App, Needs};
use crate::config::Settings;
use crate::db::AWAKE_WITHIN;
use crate::error::{Error, Result};
use crate::http::{Api, Route, milliseconds};
use crate::log;

/// One Lambda function.
#[derive(Clone, Copy)]
pub struct Function {
    /// The name of its resource in `template.yaml`, of its binary, and in its log.
    pub name: &'static str,
    pub needs: Needs,
    pub trigger: Trigger,
}

/// What invokes a function.
#[derive(Clone, Copy)]
pub enum Trigger {
    /// API Gateway (HTTP API, payload format 2.0), with the function's routes.
    Http(fn() -> Vec<Route>),
    /// API Gateway's `$default` route, with the routes of all functions, to answer 404 or 405 correctly.
    Default(fn() -> Vec<Route>),
    /// A queue, schedule or bucket. The handler takes the event and returns its response, both as JSON.
    Event(fn(Arc<App>, Value) -> BoxFuture<'static, Result<Value>>),
}

impl Function {
    /// Adapts the settings to this function: one without a waiting client waits longer for a paused database.
    #[must_use]
    pub fn settings(&self, settings: Settings) -> Settings {
        match self.trigger {
            Trigger::Event(_) => Settings { database_wait: AWAKE_WITHIN, ..settings },
            Trigger::Http(_) | Trigger::Default(_) => settings,
        }
    }

    /// Returns the function's own routes; empty for functions without any.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        match self.trigger {
            Trigger::Http(routes) => routes(),
            Trigger::Default(_) | Trigger::Event(_) => Vec::new(),
        }
    }
}

/// A function that is ready to handle events.
#[derive(Clone)]
pub struct Running {
    app: Arc<App>,
    handler: Handler,
}

#[derive(Clone)]
enum Handler {
    Http(Arc<Api>),
    Event(fn(Arc<App>, Value) -> BoxFuture<'static, Result<Value>>),
}

impl Running {
    /// # Errors
    /// Fails when its table of routes is invalid.
    pub fn new(function: &Function, app: Arc<App>) -> Result<Self> {
        let handler = match function.trigger {
            Trigger::Http(routes) => Handler::Http(Arc::new(Api::new(routes())?)),
            Trigger::Default(routes) => Handler::Http(Arc::new(Api::fallback(routes())?)),
            Trigger::Event(handler) => Handler::Event(handler),
        };
        Ok(Self { app, handler })
    }

    /// Handles one event, from JSON to JSON, as Lambda does.
    ///
    /// # Errors
    /// The error of the handler of a queue, schedule or bucket. HTTP functions turn every error into a response.
    pub async fn invoke(&self, event: Value) -> Result<Value> {
        match &self.handler {
            Handler::Http(api) => {
                let request: LambdaRequest = serde_json::from_value(event)?;
                let mut service = Adapter::from(service_fn(|request| self.answer(api, request)));
                let response = service.call(LambdaEvent::new(request, Context::default())).await?;
                Ok(serde_json::to_value(response)?)
            }
            Handler::Event(handler) => {
                let (began, cold_start) = (Instant::now(), self.app.is_cold());
                let done = handler(self.app.clone(), event).await;
                let failure = done.as_ref().err().map(ToString::to_string);
                tracing::info!(run_milliseconds = milliseconds(began), cold_start, failure, "ran");
                done
            }
        }
    }

    async fn answer(&self, api: &Api, request: lambda_http::Request) -> Result<Response<Body>> {
        Ok(api.answer(&self.app, request).await)
    }
}

/// Runs the function in Lambda until its environment ends. Each binary's `main` calls it.
///
/// # Errors
/// Fails when the function can't start; Lambda logs the reason.
pub fn run(function: &Function) -> Result<(), lambda_http::Error> {
    log::start(function.name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = function.settings(Settings::from_environment()?);
        let app = Arc::new(App::start(settings, function.needs).await?);
        let running = Running::new(function, app)?;
        match &running.handler {
            Handler::Http(api) => lambda_http::run(service_fn(|request| running.answer(api, request))).await,
            Handler::Event(_) => {
                let handle = |event: LambdaEvent<Value>| {
                    let span = tracing::info_span!("run", request_id = event.context.request_id);
                    running.invoke(event.payload).instrument(span)
                };
                lambda_http::lambda_runtime::run(service_fn(handle)).await
            }
        }
    })
}

impl From<Error> for lambda_http::lambda_runtime::Diagnostic {
    fn from(error: Error) -> Self {
        Self { error_type: "Error".to_owned(), error_message: error.to_string() }
    }
}
