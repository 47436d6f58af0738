//! The refusals of browsers' forms, named as S3 names them.

use http::StatusCode;
use s3s::{Body, HttpResponse};

/// How s3s begins what it says of a form that is not as its policy demands. S3 denies access then; this code it keeps
/// for policies that can't be read.
const NOT_AS_SIGNED: [&str; 3] = ["Policy condition", "Bucket in form field", "x-amz-"];

/// The same answer under S3's code and status.
pub(super) fn named(answer: HttpResponse) -> HttpResponse {
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
