//! Signed URLs, which work without an AWS account. Signing needs no network.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use chrono::{DateTime, Utc};

use super::Storage;
use crate::error::{Error, Result};

/// The lifetime of a signed URL for reading (`docs/security.md`, 20).
pub const SIGNED_FOR: Duration = Duration::from_mins(15);

/// How a browser handles an object.
#[derive(Debug, Clone, Copy)]
pub enum Disposition<'a> {
    /// Shows it in the page, such as a video.
    Inline,
    /// Downloads it as a file of this name.
    Attachment(&'a str),
}

impl Storage {
    /// Returns a URL that serves the object with this content type for 15 minutes, with range requests. The URL leads to
    /// the CDN if there is one. The CDN calls S3 under S3's own host name, so that the signature stays valid.
    ///
    /// # Errors
    /// Fails when there are no credentials to sign with.
    pub async fn sign_read(
        &self,
        key: &str,
        content_type: &str,
        disposition: Disposition<'_>,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let request = self.client.get_object().bucket(&self.bucket).key(key).response_content_type(content_type);
        let request = request.response_cache_control("private, no-store"); // or the CDN could cache the file
        let request = match disposition {
            Disposition::Inline => request.response_content_disposition("inline"),
            Disposition::Attachment(name) => request.response_content_disposition(attachment(name)),
        };
        let signed = request.presigned(valid_from(now, SIGNED_FOR)?).await.map_err(Error::internal)?;
        Ok(match &self.media_url {
            Some(media_url) => format!("{media_url}{}", path_and_query(signed.uri())),
            None => signed.uri().to_owned(),
        })
    }

    /// Returns the public URL of an object under `public/`.
    ///
    /// # Errors
    /// Fails when the bucket's URL can't be determined.
    pub async fn public_url(&self, key: &str) -> Result<String> {
        Ok(match &self.media_url {
            Some(media_url) => format!("{media_url}/{key}"),
            None => format!("{}{key}", self.root().await?),
        })
    }

    /// Returns the bucket's URL, with a slash at its end. Only the SDK knows the rules for it, so a URL is signed and cut.
    pub(super) async fn root(&self) -> Result<String> {
        const KEY: &str = "x";
        let request = self.client.get_object().bucket(&self.bucket).key(KEY);
        let signed = request.presigned(valid_from(DateTime::UNIX_EPOCH, SIGNED_FOR)?).await.map_err(Error::internal)?;
        let address = signed.uri().split('?').next().and_then(|address| address.strip_suffix(KEY));
        address.map(ToOwned::to_owned).ok_or_else(|| Error::internal("the bucket's URL can't be determined"))
    }
}

/// Returns the settings for a signature that is valid for `time` from `now`.
pub(super) fn valid_from(now: DateTime<Utc>, time: Duration) -> Result<PresigningConfig> {
    let config = PresigningConfig::builder().start_time(SystemTime::from(now)).expires_in(time);
    config.build().map_err(Error::internal)
}

fn path_and_query(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |path| host + path);
    url.get(path..).unwrap_or_default()
}

/// Returns a `Content-Disposition` with a file name in any script (RFC 6266, RFC 8187), and an ASCII name for old clients.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
