//! Access control: signed requests, and unsigned reads below `public/`, as in the bucket's policy on AWS.

use async_trait::async_trait;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, s3_error};

/// The prefix of objects that everybody may read: re-encoded pictures.
const PUBLIC: &str = "public/";

pub(super) struct Policy;

#[async_trait]
impl S3Access for Policy {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_some() {
            return Ok(());
        }
        let reads = matches!(cx.s3_op().name(), "GetObject" | "HeadObject");
        if !reads || !cx.s3_path().get_object_key().is_some_and(|key| key.starts_with(PUBLIC)) {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        let query = cx.uri().query().unwrap_or_default();
        if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.starts_with("response-")) {
            let message = "Request specific response headers cannot be used for anonymous GET requests.";
            return Err(s3_error!(InvalidRequest, "{message}"));
        }
        Ok(())
    }
}
