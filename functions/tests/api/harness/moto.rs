//! AWS simulated by moto on loopback: Secrets Manager and SQS with their real protocols.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lyceum_local::programs::needed;
use serde_json::Value;

/// A moto server, which stops on drop.
pub struct Moto {
    pub url: String,
    process: Child,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Moto {
    /// Starts the server. Returns `None` where moto is not installed, which ends the test.
    pub async fn start() -> Option<Self> {
        let program = needed("moto_server")?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moto = Self { url: format!("http://127.0.0.1:{port}"), process };
        for _ in 0..1500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(moto);
            }
            tokio::time::sleep(Duration::from_millis(20)).await; // until its port is open
        }
        panic!("moto does not listen");
    }

    /// Returns the environment that makes an SDK use this server.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }

    /// Calls a service with a JSON protocol, such as `AmazonSQS` or `secretsmanager`.
    pub async fn call(&self, service: &str, operation: &str, body: Value) -> Value {
        let signing_name = if service == "AmazonSQS" { "sqs" } else { service };
        let credential = format!("Credential=test/20261125/eu-central-1/{signing_name}/aws4_request");
        let request = reqwest::Client::new()
            .post(&self.url)
            .header("x-amz-target", format!("{service}.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"))
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{operation}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}
