//! Signed URLs: whoever has one needs no account at AWS. Signing asks nobody.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

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
    /// A URL that gives the object for 15 minutes, as this type, with ranges. Signing asks nobody.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn sign_read(&self, key: &str, content_type: &str, disposition: Disposition<'_>) -> Result<String> {
        let request = self.client.get_object().bucket(&self.bucket).key(key).response_content_type(content_type);
        let request = match disposition {
            Disposition::Inline => request.response_content_disposition("inline"),
            Disposition::Attachment(name) => request.response_content_disposition(attachment(name)),
        };
        let config = PresigningConfig::expires_in(SIGNED_FOR).map_err(Error::internal)?;
        let signed = request.presigned(config).await.map_err(Error::internal)?;
        Ok(signed.uri().to_owned())
    }
}

/// A file's name in any script (RFC 6266, RFC 8187), with one that old clients can read.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}
