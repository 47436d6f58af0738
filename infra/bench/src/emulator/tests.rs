//! The emulator, driven by a runtime client of a few lines.

use axum::body::Bytes;
use reqwest::{Client, StatusCode};

use super::{Emulator, Outcome};

/// A function that does by hand what `lambda_runtime` does.
struct Function {
    client: Client,
    invocation: String,
}

impl Function {
    fn of(emulator: &Emulator) -> Self {
        let invocation = format!("http://{}/2018-06-01/runtime/invocation", emulator.address());
        Self { client: Client::new(), invocation }
    }

    /// The next invocation's id and event.
    async fn next(&self) -> (String, Bytes) {
        let answer = self.client.get(format!("{}/next", self.invocation)).send().await.unwrap();
        let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
        assert!(header("lambda-runtime-invoked-function-arn").ends_with(":function:courses"));
        assert!(header("lambda-runtime-deadline-ms").parse::<u64>().unwrap() > 0);
        assert!(header("lambda-runtime-trace-id").starts_with("Root=1-"));
        (header("lambda-runtime-aws-request-id"), answer.bytes().await.unwrap())
    }

    async fn post(&self, id: &str, what: &str, body: Bytes) -> StatusCode {
        let url = format!("{}/{id}/{what}", self.invocation);
        self.client.post(url).body(body).send().await.unwrap().status()
    }
}

#[tokio::test]
async fn each_answer_belongs_to_the_event_handed_out() {
    let mut emulator = Emulator::start("courses").await.unwrap();
    let function = Function::of(&emulator);
    let mut ids = Vec::new();
    for event in ["first", "second"] {
        let echo = async {
            let (id, event) = function.next().await;
            assert_eq!(function.post("unknown", "response", event.clone()).await, 400);
            assert_eq!(function.post(&id, "response", event.clone()).await, 202);
            assert_eq!(function.post(&id, "response", event).await, 400, "answered already");
            id
        };
        let (report, id) = tokio::join!(emulator.invoke(event.into()), echo);
        let report = report.unwrap();
        assert_eq!(report.outcome, Outcome::Answered(event.into()));
        assert!(!report.took.is_zero());
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_error_is_no_answer() {
    let mut emulator = Emulator::start("courses").await.unwrap();
    let function = Function::of(&emulator);
    let fail = async {
        let (id, event) = function.next().await;
        function.post(&id, "error", event).await
    };
    let (report, status) = tokio::join!(emulator.invoke("event".into()), fail);
    assert_eq!(status, 202);
    assert_eq!(report.unwrap().outcome, Outcome::Failed("event".into()));
}

#[tokio::test]
async fn a_failed_start_ends_the_wait_for_the_first_answer() {
    let mut emulator = Emulator::start("courses").await.unwrap();
    let url = format!("http://{}/2018-06-01/runtime/init/error", emulator.address());
    let fail = async { Client::new().post(url).body("no database").send().await.unwrap().status() };
    let (report, status) = tokio::join!(emulator.invoke("event".into()), fail);
    assert_eq!(status, 202);
    assert_eq!(report.unwrap().outcome, Outcome::FailedToStart("no database".into()));
}
