//! `CloudFormation`, as far as a custom resource sees it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::put;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::serve;

/// Where a deployment is answered: what was put there, and how often it refuses.
pub struct Deployment {
    address: String,
    told: Arc<Mutex<Vec<Value>>>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Told {
    answers: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Deployment {
    pub async fn start(refusals: u32) -> Self {
        let told = Told { answers: Arc::default(), refusals: Arc::new(Mutex::new(refusals)) };
        let routes = Router::new().route("/answer", put(listen)).with_state(told.clone());
        let (address, server) = serve(routes).await;
        Self { address: format!("http://{address}/answer?signature=a%2Fb"), told: told.answers, server }
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

    /// The one answer since the last time.
    pub fn answer(&self) -> Value {
        let mut told = self.told.lock().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// As S3 takes it: signed for a body without a type, of a stated length.
async fn listen(State(told): State<Told>, uri: Uri, headers: HeaderMap, body: String) -> StatusCode {
    assert_eq!(uri.query(), Some("signature=a%2Fb"), "the address is as it was signed");
    assert_eq!(headers["content-type"], "");
    assert_eq!(headers["content-length"], body.len().to_string());
    let mut refusals = told.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    told.answers.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    StatusCode::OK
}
