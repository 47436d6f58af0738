//! A function, and the two ways to run it: as a Lambda, and in this process (the local stack and the tests),
//! both through the real event and answer.

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
    /// Its name in `template.yaml`, its binary's and its log's.
    pub name: &'static str,
    pub needs: Needs,
    pub trigger: Trigger,
}

/// What calls it.
#[derive(Clone, Copy)]
pub enum Trigger {
    /// API Gateway (HTTP API, payload 2.0), with the function's table of routes.
    Http(fn() -> Vec<Route>),
    /// API Gateway, for whatever no other function's routes take; with all routes, to tell what is wrong.
    Default(fn() -> Vec<Route>),
    /// A queue, a schedule, a bucket: the event as JSON, and an answer likewise.
    Event(fn(Arc<App>, Value) -> BoxFuture<'static, Result<Value>>),
}

impl Function {
    /// The settings, as this function takes them: where nobody waits for the answer, the database may wake first.
    #[must_use]
    pub fn settings(&self, settings: Settings) -> Settings {
        match self.trigger {
            Trigger::Event(_) => Settings { database_wait: AWAKE_WITHIN, ..settings },
            Trigger::Http(_) | Trigger::Default(_) => settings,
        }
    }

    /// Its own routes; none when no HTTP call is its own.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        match self.trigger {
            Trigger::Http(routes) => routes(),
            Trigger::Default(_) | Trigger::Event(_) => Vec::new(),
        }
    }
}

/// A function with what it needs, ready for events.
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
    /// When its table of routes contradicts itself.
    pub fn new(function: &Function, app: Arc<App>) -> Result<Self> {
        let handler = match function.trigger {
            Trigger::Http(routes) => Handler::Http(Arc::new(Api::new(routes())?)),
            Trigger::Default(routes) => Handler::Http(Arc::new(Api::fallback(routes())?)),
            Trigger::Event(handler) => Handler::Event(handler),
        };
        Ok(Self { app, handler })
    }

    /// Answers one event, from JSON to JSON, as Lambda would carry it.
    ///
    /// # Errors
    /// Those of the handler of a queue or a schedule; an HTTP function answers whatever happens.
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

/// Runs the function as a Lambda until its environment ends: the whole of each binary.
///
/// # Errors
/// When it can't start; Lambda shows the reason.
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
