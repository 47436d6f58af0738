//! A response, with assertions for tests.

use serde_json::Value;

/// The largest response of a function in bytes.
const MAX_BYTES: usize = 5_500_000;

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
    headers: Value,
}

impl Answer {
    /// # Panics
    /// When the response is too large: Lambda's limit is 6 MB.
    pub(super) fn new(answer: Value) -> Self {
        let size = serde_json::to_vec(&answer).unwrap().len();
        assert!(size <= MAX_BYTES, "the answer has {size} bytes");
        let text = answer["body"].as_str().unwrap_or_default().to_owned();
        Self {
            status: u16::try_from(answer["statusCode"].as_u64().expect("a status")).unwrap(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
            headers: answer["headers"].clone(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].as_str().unwrap_or_default()
    }

    /// Returns all headers.
    pub fn headers(&self) -> &Value {
        &self.headers
    }

    /// Asserts the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Asserts 200 and returns the body.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.is(200).body
    }

    /// Asserts 201 and a `Location` with the id of the body. Returns the body.
    #[track_caller]
    pub fn created(self) -> Value {
        let answer = self.is(201);
        let id = answer.body["id"].as_str().expect("an id");
        assert!(answer.header("location").ends_with(id), "Location is {}", answer.header("location"));
        answer.body
    }

    /// Asserts 204 without a body.
    #[track_caller]
    pub fn no_content(self) {
        assert_eq!(self.is(204).text, "");
    }

    /// Asserts a problem of this status and type (RFC 9457). Returns the body.
    #[track_caller]
    pub fn problem(self, status: u16, name: &str) -> Value {
        let answer = self.is(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.body["type"], format!("/problems/{name}"), "{}", answer.text);
        assert_eq!(answer.body["status"], status);
        assert_eq!(answer.body["instance"], answer.header("x-request-id"));
        assert!(!answer.body["detail"].as_str().unwrap_or_default().is_empty());
        if status == 422 {
            let errors = answer.body["errors"].as_array().expect("errors");
            let whole = |error: &Value| ["pointer", "code", "detail"].iter().all(|member| error[member].is_string());
            assert!(!errors.is_empty() && errors.iter().all(whole), "{}", answer.text);
        }
        answer.body
    }

    /// Asserts 422 `invalid`. Returns the faults as `pointer code`, in order.
    #[track_caller]
    pub fn faults(self) -> Vec<String> {
        let problem = self.problem(422, "invalid");
        let faults = problem["errors"].as_array().expect("errors");
        let fault = |fault: &Value| {
            let named = fault["parameter"].as_str().or(fault["header"].as_str());
            let pointer = fault["pointer"].as_str().expect("a pointer");
            let place = named.inspect(|name| assert_eq!(pointer, format!("/{name}"))).unwrap_or(pointer);
            format!("{place} {}", fault["code"].as_str().expect("a code"))
        };
        faults.iter().map(fault).collect()
    }
}
