//! Mails: their texts, and how they leave (SMTP, which SES speaks too).

use askama::Template;
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::Duration;

use crate::config::{Settings, needed};
use crate::error::{Error, Result};
use crate::id::{Id, MailId};

/// How long the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends mails, and knows where their links lead: from configuration alone (`security.md`, 5).
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    frontend_url: String,
}

/// To whom.
#[derive(Debug, Clone)]
pub struct Recipient {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
}

#[derive(Template)]
#[template(path = "verify_email.txt")]
struct VerifyEmailText<'a> {
    first_name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "verify_email.html")]
struct VerifyEmailHtml<'a> {
    first_name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email_taken.txt")]
struct EmailTakenText<'a> {
    first_name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email_taken.html")]
struct EmailTakenHtml<'a> {
    first_name: &'a str,
    link: &'a str,
}

/// A mail as it is written.
#[derive(Debug)]
pub struct Letter {
    subject: &'static str,
    text: String,
    html: String,
}

impl Mailer {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let url = needed(settings.smtp_url.as_ref(), "SMTP_URL")?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(Error::internal)?
            .timeout(Some(TIMEOUT))
            .build();
        let from = needed(settings.mail_from.as_ref(), "MAIL_FROM")?.parse().map_err(Error::internal)?;
        let frontend_url = needed(settings.frontend_url.as_ref(), "FRONTEND_URL")?.trim_end_matches('/').to_owned();
        Ok(Self { transport, from, frontend_url })
    }

    /// The mail that asks to verify an email. The link opens a page; only the page's button verifies.
    ///
    /// # Errors
    /// Only when its template fails.
    pub fn verify_email(&self, to: &Recipient, token: &str) -> Result<Letter> {
        let link = format!("{}/verify-email?token={token}", self.frontend_url);
        let first_name = &to.first_name;
        Ok(Letter {
            subject: "Please verify your email",
            text: VerifyEmailText { first_name, link: &link }.render().map_err(Error::internal)?,
            html: VerifyEmailHtml { first_name, link: &link }.render().map_err(Error::internal)?,
        })
    }

    /// The mail to the owner of an email that somebody tried to register again.
    ///
    /// # Errors
    /// Only when its template fails.
    pub fn email_taken(&self, to: &Recipient) -> Result<Letter> {
        let link = format!("{}/login", self.frontend_url);
        let first_name = &to.first_name;
        Ok(Letter {
            subject: "You already have an account",
            text: EmailTakenText { first_name, link: &link }.render().map_err(Error::internal)?,
            html: EmailTakenHtml { first_name, link: &link }.render().map_err(Error::internal)?,
        })
    }

    /// Hands the mail to the server. The id is the same at each attempt, for the receiver to tell.
    ///
    /// # Errors
    /// When the server doesn't take it.
    pub async fn send(&self, id: MailId, to: &Recipient, letter: Letter) -> Result<()> {
        let address = to.email.parse().map_err(Error::internal)?;
        let name = format!("{} {}", to.first_name, to.last_name);
        let message = Message::builder()
            .message_id(Some(format!("<{}@{}>", id.uuid(), self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(Some(name), address))
            .subject(letter.subject)
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(Error::internal)?;
        self.transport.send(message).await.map(drop).map_err(Error::internal)
    }
}
