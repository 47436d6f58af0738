//! Runs a function's binary as Lambda does: with a Runtime API on loopback, and its output captured.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub struct Process {
    child: Child,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Result<Value, Value>>,
    server: JoinHandle<()>,
    folder: TempDir,
}

struct Api {
    events: Mutex<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<Result<Value, Value>>,
}

impl Process {
    /// Starts the binary (`env!("CARGO_BIN_EXE_…")`) with only the given environment.
    pub async fn start(binary: &str, environment: &[(&str, String)]) -> Self {
        let (events, waiting) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(report))
            .route("/2018-06-01/runtime/init/error", post(failed_to_start))
            .with_state(Arc::new(Api { events: Mutex::new(waiting), answers: answered }));
        let (address, server) = serve(routes).await;
        let folder = tempfile::tempdir().unwrap();
        let printed = std::fs::File::create(folder.path().join("printed")).unwrap();
        let child = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(printed.try_clone().unwrap())
            .stderr(printed)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, events, answers, server, folder }
    }

    /// Invokes the function. Returns its response or its error.
    pub async fn invoke(&mut self, event: Value) -> Result<Value, Value> {
        self.events.send(event).await.unwrap();
        self.answers.recv().await.unwrap()
    }

    /// Returns its output so far.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(self.printed_to()).unwrap()
    }

    fn printed_to(&self) -> PathBuf {
        self.folder.path().join("printed")
    }

    pub async fn stop(mut self) {
        self.child.kill().await.unwrap();
        self.server.abort();
    }
}

async fn next(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let Some(event) = api.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:function"),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"),
    ];
    (headers, event.to_string()).into_response()
}

async fn report(State(api): State<Arc<Api>>, Path((_, outcome)): Path<(String, String)>, body: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let report = if outcome == "response" { Ok(body) } else { Err(body) };
    let _ = api.answers.send(report).await; // fails only when the test has ended
    StatusCode::ACCEPTED
}

async fn failed_to_start(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    let _ = api.answers.send(Err(serde_json::from_slice(&body).unwrap_or_default())).await;
    StatusCode::ACCEPTED
}

/// Serves the routes on a free port of loopback. Returns the address.
pub async fn serve(routes: Router) -> (String, JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() }))
}
