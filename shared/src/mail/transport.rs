//! How mails leave: by any SMTP server, or by SES' own, whose password follows from a key of IAM.

use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;

use crate::config::{Settings, needed};
use crate::error::{Error, Result};
use crate::secrets;

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// How long the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) enum Transport {
    Server(Smtp),
    Ses(Ses),
}

/// SES in one region, as the IAM user whose key the secret holds. The user may do nothing but send.
pub(super) struct Ses {
    secret: String,
    region: String,
    /// Made of what the secret held when it was read last.
    smtp: RwLock<Option<Smtp>>,
}

#[derive(Deserialize)]
struct Key {
    access_key_id: String,
    secret_access_key: String,
}

impl Transport {
    pub fn new(settings: &Settings) -> Result<Self> {
        if let Some(secret) = settings.ses_credentials_secret.clone() {
            let region = needed(settings.region.as_ref(), "AWS_REGION")?.to_owned();
            return Ok(Self::Ses(Ses { secret, region, smtp: RwLock::default() }));
        }
        let url = needed(settings.smtp_url.as_ref(), "SMTP_URL")?;
        let smtp = Smtp::from_url(url).map_err(Error::internal)?;
        Ok(Self::Server(smtp.timeout(Some(TIMEOUT)).build()))
    }

    pub async fn send(&self, message: Message) -> Result<()> {
        let ses = match self {
            Self::Server(smtp) => return smtp.send(message).await.map(drop).map_err(Error::internal),
            Self::Ses(ses) => ses,
        };
        let sent = ses.smtp().await?.send(message).await;
        if sent.is_err() {
            // The key may be another one by now: the next mail reads it again.
            *ses.smtp.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        sent.map(drop).map_err(Error::internal)
    }
}

impl Ses {
    async fn smtp(&self) -> Result<Smtp> {
        let known = self.smtp.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(smtp) = known {
            return Ok(smtp);
        }
        let key: Key = serde_json::from_str(&secrets::read(&self.secret).await?)
            .map_err(|_| Error::internal("SES_CREDENTIALS_SECRET holds no key"))?; // nor says what
        let credentials = Credentials::new(key.access_key_id, password(&key.secret_access_key, &self.region));
        let smtp = Smtp::relay(&format!("email-smtp.{}.amazonaws.com", self.region)).map_err(Error::internal)?;
        let smtp = smtp.credentials(credentials).timeout(Some(TIMEOUT)).build();
        *self.smtp.write().unwrap_or_else(PoisonError::into_inner) = Some(smtp.clone());
        Ok(smtp)
    }
}

/// What SES takes as the password of an IAM user's key: a signature (version 4) of fixed words, after a byte that tells
/// its version.
fn password(secret_access_key: &str, region: &str) -> String {
    let mut signature = format!("AWS4{secret_access_key}").into_bytes();
    for word in ["11111111", region, "ses", "aws4_request", "SendRawEmail"] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &signature);
        signature = hmac::sign(&key, word.as_bytes()).as_ref().to_vec();
    }
    signature.insert(0, 4);
    STANDARD.encode(signature)
}

#[cfg(test)]
mod tests {
    use super::password;

    /// Those by which Terraform's provider for AWS is tested, which many sign in with.
    #[test]
    fn the_password_is_the_one_that_ses_expects() {
        for (region, key, expected) in [
            ("eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
            ("eu-central-1", "another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
            ("us-west-1", "some+secret+key", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
            ("us-west-1", "another+secret+key", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"),
        ] {
            assert_eq!(password(key, region), expected);
        }
    }
}
