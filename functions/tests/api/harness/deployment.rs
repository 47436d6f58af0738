//! The part of `CloudFormation` that a custom resource uses.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::put;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::serve;

/// A server for the responses to a deployment's events. It can refuse the first responses.
pub struct Deployment {
    address: String,
    received: Arc<Mutex<Vec<Value>>>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Received {
    answers: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Deployment {
    pub async fn start(refusals: u32) -> Self {
        let received = Received { answers: Arc::default(), refusals: Arc::new(Mutex::new(refusals)) };
        let routes = Router::new().route("/answer", put(listen)).with_state(received.clone());
        let (address, server) = serve(routes).await;
        Self { address: format!("http://{address}/answer?signature=a%2Fb"), received: received.answers, server }
    }

    pub fn event(&self, kind: &str) -> Value {
        json!({
            "ServiceToken": "arn:aws:lambda:eu-west-2:123456789012:function:migrate",
            "RequestType": kind,
            "RequestId": "82304eb2-bdda-469f-a33b-a3f1406d0a52",
            "ResponseURL": self.address,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/lyceum/16580499",
            "ResourceType": "Custom::Schema",
            "LogicalResourceId": "Schema",
            "ResourceProperties": { "Version": "1" },
        })
    }

    /// Returns the only response since the last call.
    pub fn answer(&self) -> Value {
        let mut received = self.received.lock().unwrap();
        assert_eq!(received.len(), 1, "{received:?}");
        received.remove(0)
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Accepts a response as S3 does: signed for a body without a content type and with a content length.
async fn listen(State(received): State<Received>, uri: Uri, headers: HeaderMap, body: String) -> StatusCode {
    assert_eq!(uri.query(), Some("signature=a%2Fb"), "the signed address is unchanged");
    assert_eq!(headers["content-type"], "");
    assert_eq!(headers["content-length"], body.len().to_string());
    let mut refusals = received.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    received.answers.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    StatusCode::OK
}
