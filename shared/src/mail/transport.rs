//! How mails leave: by any SMTP server, or by SES' own, whose password follows from a key of IAM.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;

use crate::config::{Settings, required};
use crate::error::{Error, Result};
use crate::secrets;

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

pub(super) struct Transport {
    server: Server,
    /// With its open connections; away while a mail is sent, and for good when that fails or is given up: a connection
    /// in the middle of a word is no use to the next mail, and the key of SES may be another one by then.
    smtp: Mutex<Option<Smtp>>,
}

enum Server {
    /// At that URL.
    Smtp(String),
    /// SES in one region, as the IAM user whose key the secret holds. The user may do nothing but send.
    Ses { secret: String, region: String },
}

#[derive(Deserialize)]
struct Key {
    access_key_id: String,
    secret_access_key: String,
}

impl Transport {
    pub fn new(settings: &Settings) -> Result<Self> {
        if let Some(secret) = settings.ses_credentials_secret.clone() {
            let region = required(settings.region.as_ref(), "AWS_REGION")?.to_owned();
            return Ok(Self { server: Server::Ses { secret, region }, smtp: Mutex::default() });
        }
        let url = required(settings.smtp_url.as_ref(), "SMTP_URL")?.to_owned();
        let smtp = Mutex::new(Some(at(&url)?));
        Ok(Self { server: Server::Smtp(url), smtp })
    }

    /// Takes as long as the server does: the limit is the caller's.
    pub async fn send(&self, message: Message) -> Result<()> {
        let known = self.smtp.lock().unwrap_or_else(PoisonError::into_inner).take();
        let smtp = match (known, &self.server) {
            (Some(smtp), _) => smtp,
            (None, Server::Smtp(url)) => at(url)?,
            (None, Server::Ses { secret, region }) => ses(secret, region).await?,
        };
        smtp.send(message).await.map_err(Error::internal)?;
        *self.smtp.lock().unwrap_or_else(PoisonError::into_inner) = Some(smtp);
        Ok(())
    }
}

fn at(url: &str) -> Result<Smtp> {
    Ok(Smtp::from_url(url).map_err(Error::internal)?.build())
}

async fn ses(secret: &str, region: &str) -> Result<Smtp> {
    let key: Key = serde_json::from_str(&secrets::read(secret).await?)
        .map_err(|_| Error::internal("SES_CREDENTIALS_SECRET holds no key"))?; // nor says what
    let credentials = Credentials::new(key.access_key_id, password(&key.secret_access_key, region));
    let smtp = Smtp::relay(&format!("email-smtp.{region}.amazonaws.com")).map_err(Error::internal)?;
    Ok(smtp.credentials(credentials).build())
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
