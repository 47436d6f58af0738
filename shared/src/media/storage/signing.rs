//! Signed URLs: whoever has one needs no account at AWS. Signing asks nobody.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use chrono::{DateTime, Utc};

use super::Storage;
use crate::error::{Error, Result};

/// How long a signed URL works (`security.md`, 20).
pub const SIGNED_FOR: Duration = Duration::from_mins(15);

/// How a browser is to take an object.
#[derive(Debug, Clone, Copy)]
pub enum Disposition<'a> {
    /// In the page, as a video is.
    Inline,
    /// As a file of this name.
    Attachment(&'a str),
}

impl Storage {
    /// A URL that gives the object for 15 minutes, as this type, with ranges. It leads to S3, or, where something stands
    /// before the bucket, there, which asks S3 in S3's own name: what is signed stays true.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn sign_read(
        &self,
        key: &str,
        content_type: &str,
        disposition: Disposition<'_>,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let request = self.client.get_object().bucket(&self.bucket).key(key).response_content_type(content_type);
        let request = request.response_cache_control("private, no-store"); // or what stands before the bucket may keep it
        let request = match disposition {
            Disposition::Inline => request.response_content_disposition("inline"),
            Disposition::Attachment(name) => request.response_content_disposition(attachment(name)),
        };
        let signed = request.presigned(from(now, SIGNED_FOR)?).await.map_err(Error::internal)?;
        Ok(match &self.media_url {
            Some(media_url) => format!("{media_url}{}", path_and_query(signed.uri())),
            None => signed.uri().to_owned(),
        })
    }

    /// Where anybody reads an object under `public/`.
    ///
    /// # Errors
    /// When S3's address is not known.
    pub async fn public_url(&self, key: &str) -> Result<String> {
        Ok(match &self.media_url {
            Some(media_url) => format!("{media_url}/{key}"),
            None => format!("{}{key}", self.root().await?),
        })
    }

    /// The bucket's own address, with a slash at its end. Only the SDK knows the rules of it, and it tells them by signing.
    pub(super) async fn root(&self) -> Result<String> {
        const KEY: &str = "x";
        let request = self.client.get_object().bucket(&self.bucket).key(KEY);
        let signed = request.presigned(from(DateTime::UNIX_EPOCH, SIGNED_FOR)?).await.map_err(Error::internal)?;
        let address = signed.uri().split('?').next().and_then(|address| address.strip_suffix(KEY));
        address.map(ToOwned::to_owned).ok_or_else(|| Error::internal("the bucket has no address"))
    }
}

/// Signed at that moment, for so long.
pub(super) fn from(now: DateTime<Utc>, time: Duration) -> Result<PresigningConfig> {
    let config = PresigningConfig::builder().start_time(SystemTime::from(now)).expires_in(time);
    config.build().map_err(Error::internal)
}

fn path_and_query(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |path| host + path);
    url.get(path..).unwrap_or_default()
}

/// A file's name in any script (RFC 6266, RFC 8187), with one that old clients can read.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
