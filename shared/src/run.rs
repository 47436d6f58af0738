//! The two ways to run a function: as a Lambda, and in this process (the local stack and the tests). Both use real events
//! and responses.

use std::sync::Arc;
use std::time::Instant;

use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::Service;
use lambda_http::{Adapter, Body, Context, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::Instrument;

use crate::app::App;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::function::{EventHandler, Function, Handler};
use crate::http::{Api, milliseconds};
use crate::log;

/// A function that is ready to handle events.
#[derive(Clone)]
pub struct Running {
    app: Arc<App>,
    handler: Loaded,
}

/// A handler whose table of routes was checked.
#[derive(Clone)]
enum Loaded {
    Http(Arc<Api>),
    Event(EventHandler),
}

impl Running {
    /// # Errors
    /// Fails when its table of routes is invalid.
    pub fn new(function: &Function, app: Arc<App>) -> Result<Self> {
        let handler = match function.handler {
            Handler::Http(routes) => Loaded::Http(Arc::new(Api::new(routes())?)),
            Handler::Default(routes) => Loaded::Http(Arc::new(Api::fallback(routes())?)),
            Handler::Event(handler) => Loaded::Event(handler),
        };
        Ok(Self { app, handler })
    }

    /// Handles one event, from JSON to JSON, as Lambda does.
    ///
    /// # Errors
    /// The error of the handler of a queue, schedule or bucket. HTTP functions turn every error into a response.
    pub async fn invoke(&self, event: Value) -> Result<Value> {
        match &self.handler {
            Loaded::Http(api) => {
                let request: LambdaRequest = serde_json::from_value(event)?;
                let mut service = Adapter::from(service_fn(|request| self.answer(api, request)));
                let response = service.call(LambdaEvent::new(request, Context::default())).await?;
                Ok(serde_json::to_value(response)?)
            }
            Loaded::Event(handler) => {
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
            Loaded::Http(api) => lambda_http::run(service_fn(|request| running.answer(api, request))).await,
            Loaded::Event(_) => {
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
