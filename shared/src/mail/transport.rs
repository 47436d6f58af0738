//! Sends mails by any SMTP server, or by the SMTP server of SES, whose password is derived from an IAM key.

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
    /// The client with its open connections. It is taken out while a mail is sent, and put back only after a success: after
    /// a failure or a timeout its connection may be in the middle of a command, and the key of SES may have changed.
    smtp: Mutex<Option<Smtp>>,
}

enum Server {
    /// Any server, by its URL.
    Smtp(String),
    /// SES in a region. The secret holds the key of an IAM user who may only send mail.
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
        let smtp = Mutex::new(Some(client(&url)?));
        Ok(Self { server: Server::Smtp(url), smtp })
    }

    /// Sends the mail. Has no timeout of its own; callers set one.
    pub async fn send(&self, message: Message) -> Result<()> {
        let known = self.smtp.lock().unwrap_or_else(PoisonError::into_inner).take();
        let smtp = match (known, &self.server) {
            (Some(smtp), _) => smtp,
            (None, Server::Smtp(url)) => client(url)?,
            (None, Server::Ses { secret, region }) => ses_client(secret, region).await?,
        };
        smtp.send(message).await.map_err(Error::internal)?;
        *self.smtp.lock().unwrap_or_else(PoisonError::into_inner) = Some(smtp);
        Ok(())
    }
}

fn client(url: &str) -> Result<Smtp> {
    Ok(Smtp::from_url(url).map_err(Error::internal)?.build())
}

async fn ses_client(secret: &str, region: &str) -> Result<Smtp> {
    let key: Key = serde_json::from_str(&secrets::read(secret).await?)
        .map_err(|_| Error::internal("SES_CREDENTIALS_SECRET holds no key"))?; // the error must not contain the secret
    let credentials = Credentials::new(key.access_key_id, password(&key.secret_access_key, region));
    let smtp = Smtp::relay(&format!("email-smtp.{region}.amazonaws.com")).map_err(Error::internal)?;
    Ok(smtp.credentials(credentials).build())
}

/// Derives the SMTP password from an IAM user's secret key: a signature (version 4) of fixed words, after a version byte
/// (Amazon SES Developer Guide, "Obtaining Amazon SES SMTP credentials").
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

    /// The values of the tests of Terraform's AWS provider.
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
