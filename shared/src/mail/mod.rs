//! Mails: their templates and their delivery by SMTP.

mod templates;
mod transport;

use lettre::message::{Mailbox, MultiPart};

use crate::config::{Settings, required};
use crate::error::{Error, Result};
use crate::id::{Id, MailId};
pub use templates::RenderedMail;
use templates::{Values, greeting};
use transport::Transport;

/// Renders and sends mails. The host of their links comes from the settings, never from a request (`docs/security.md`, 5).
pub struct Mailer {
    transport: Transport,
    from: Mailbox,
    frontend_url: String,
}

/// The recipient of a mail.
#[derive(Debug, Clone)]
pub struct Recipient {
    pub email: String,
    /// The name for the greeting; `None` if a stranger may have chosen it.
    pub first_name: Option<String>,
}

/// The kinds of mails, with their contents. A token must be readable by the recipient only.
pub enum Message {
    VerifyEmail { token: String },
    EmailTaken,
    ResetPassword { token: String },
    Invitation { token: String },
    PasswordChanged,
    VerifyNewEmail { token: String },
    EmailChangeAsked { new: String },
    AccountClosed,
}

impl Mailer {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let transport = Transport::new(settings)?;
        let from = required(settings.mail_from.as_ref(), "MAIL_FROM")?.parse().map_err(Error::internal)?;
        let frontend_url = required(settings.frontend_url.as_ref(), "FRONTEND_URL")?.trim_end_matches('/').to_owned();
        Ok(Self { transport, from, frontend_url })
    }

    /// Renders a mail. Its link opens a page and changes nothing by itself: mail scanners open links, too.
    ///
    /// # Errors
    /// Fails when the template fails.
    pub fn render(&self, to: &Recipient, message: &Message) -> Result<RenderedMail> {
        let page = |page: &str| format!("{}/{page}", self.frontend_url);
        let with_token = |name: &str, token: &str| page(&format!("{name}?token={token}"));
        let (template, link, other_email): (fn(&Values) -> Result<RenderedMail>, _, &str) = match message {
            Message::VerifyEmail { token } => (templates::verify_email, with_token("verify-email", token), ""),
            Message::EmailTaken => (templates::email_taken, page("login"), ""),
            Message::ResetPassword { token } => (templates::reset_password, with_token("reset-password", token), ""),
            Message::Invitation { token } => (templates::invitation, with_token("reset-password", token), ""),
            Message::PasswordChanged => (templates::password_changed, page("forgot-password"), ""),
            Message::VerifyNewEmail { token } => (templates::verify_new_email, with_token("verify-email", token), ""),
            Message::EmailChangeAsked { new } => (templates::email_change_asked, page("forgot-password"), new),
            Message::AccountClosed => (templates::account_closed, String::new(), ""),
        };
        template(&Values { greeting: greeting(to.first_name.as_deref().unwrap_or_default()), link: &link, other_email })
    }

    /// Sends a mail. Each attempt uses the same `Message-ID`, so that receivers can recognise duplicates.
    ///
    /// # Errors
    /// Fails when the server does not accept the mail.
    pub async fn send(&self, id: MailId, to: &Recipient, mail: RenderedMail) -> Result<()> {
        let address = to.email.parse().map_err(Error::internal)?;
        let message = lettre::Message::builder()
            .message_id(Some(format!("<{}@{}>", id.uuid(), self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, address)) // without a name: a stranger may have chosen it
            .subject(mail.subject)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(Error::internal)?;
        self.transport.send(message).await
    }
}
