//! The Lambda Runtime API on loopback: hands one started function its events, one at a time, and
//! times the answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Lambda's own limit of a buffered answer, 6 MB.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// How long a function is told that it has; the bench itself gives up after as long.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A Runtime API for one process; it ends with this value.
pub struct Emulator {
    address: SocketAddr,
    events: mpsc::Sender<Bytes>,
    reports: mpsc::UnboundedReceiver<Report>,
    server: JoinHandle<()>,
}

/// What the function posted back, and when.
pub struct Report {
    pub outcome: Outcome,
    /// When the last byte of the post was here.
    pub received: Instant,
    /// From the event leaving the emulator to `received`; zero for a failed start.
    pub took: Duration,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `…/invocation/{id}/response`: the answer, whatever status it holds.
    Answered(Bytes),
    /// `…/invocation/{id}/error`: the handler returned an error.
    Failed(Bytes),
    /// `…/init/error`: the function could not start.
    FailedToStart(Bytes),
}

/// What the routes share.
struct Api {
    function: String,
    events: tokio::sync::Mutex<mpsc::Receiver<Bytes>>,
    reports: mpsc::UnboundedSender<Report>,
    last_id: AtomicU64,
    /// The invocation that is out, and when it left. One is out at a time, as in Lambda.
    in_flight: Mutex<Option<(String, Instant)>>,
}

impl Emulator {
    /// Listens on a free port of 127.0.0.1; `function` is the name in the ARN that invocations carry.
    pub async fn start(function: &str) -> anyhow::Result<Self> {
        // A port of its own for each process: what an earlier one still sends can't be counted here.
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port of 127.0.0.1 for the Runtime API")?;
        let address = listener.local_addr()?;
        let (events, event_queue) = mpsc::channel(1);
        let (report_queue, reports) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            function: function.to_owned(),
            events: tokio::sync::Mutex::new(event_queue),
            reports: report_queue,
            last_id: AtomicU64::new(0),
            in_flight: Mutex::new(None),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
            .with_state(api);
        // Nagle's delay on a header and body sent apart would be measured as the function's.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await; // never ends by itself
        });
        Ok(Self { address, events, reports, server })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` has to say: host and port, without a scheme.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands out one event as soon as the function asks for it, and waits for what it posts back.
    pub async fn invoke(&mut self, event: Bytes) -> anyhow::Result<Report> {
        let stopped = "the Runtime API stopped";
        self.events.send(event).await.context(stopped)?;
        self.reports.recv().await.context(stopped)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Api {
    /// Passes on what ends the invocation `id`; 400, as Lambda answers, when it is not the one out.
    fn finish(&self, id: &str, outcome: Outcome) -> StatusCode {
        let received = Instant::now();
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        match in_flight.take_if(|(out, _)| out == id) {
            Some((_, left)) => {
                let took = received - left;
                let report = Report { outcome, received, took };
                let _ = self.reports.send(report); // or nobody waits any more
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

/// Waits for the next event, as long as it takes.
#[expect(clippy::disallowed_methods, reason = "Lambda gives its deadline in wall-clock time")]
async fn next(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let Some(event) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response(); // the bench is done with this function
    };
    let number = api.last_id.fetch_add(1, Ordering::Relaxed) + 1;
    let id = format!("00000000-0000-4000-8000-{number:012x}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = (now.unwrap_or_default() + DEADLINE).as_millis();
    let function = &api.function;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id.clone()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:eu-central-1:000000000000:function:{function}"),
        ),
        ("lambda-runtime-trace-id", format!("Root=1-00000000-{number:024x};Parent={number:016x};Sampled=0")),
    ];
    *api.in_flight.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, Instant::now()));
    (headers, event).into_response()
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.finish(&id, Outcome::Answered(body))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.finish(&id, Outcome::Failed(body))
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    let outcome = Outcome::FailedToStart(body);
    let _ = api.reports.send(Report { outcome, received: Instant::now(), took: Duration::ZERO });
    StatusCode::ACCEPTED
}

#[cfg(test)]
mod tests;
