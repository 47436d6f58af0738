//! Converts the errors of refused form uploads to S3's error codes.

use http::StatusCode;
use s3s::{Body, HttpResponse};

/// How messages of s3s begin when a form violates its policy. S3 answers these with `AccessDenied`; it uses
/// `InvalidPolicyDocument` only for policies that can't be parsed.
const NOT_AS_SIGNED: [&str; 3] = ["Policy condition", "Bucket in form field", "x-amz-"];

/// Replaces the code and status of such a response by those of S3.
pub(super) fn with_s3_code(answer: HttpResponse) -> HttpResponse {
    let body = answer.body().bytes().filter(|_| answer.status() == StatusCode::BAD_REQUEST);
    let told = body.as_deref().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default();
    let code = "<Code>InvalidPolicyDocument</Code><Message>";
    let Some((before, message)) = told.split_once(code) else {
        return answer;
    };
    if !NOT_AS_SIGNED.iter().any(|beginning| message.starts_with(beginning)) {
        return answer;
    }
    let told = format!("{before}<Code>AccessDenied</Code><Message>Invalid according to Policy: {message}");
    let mut named = answer.map(|_| Body::from(told));
    *named.status_mut() = StatusCode::FORBIDDEN;
    named
}
