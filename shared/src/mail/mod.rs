//! Mails: their texts, and how they leave (SMTP, which SES speaks too).

mod letter;
mod transport;

use lettre::message::{Mailbox, MultiPart};

use crate::config::{Settings, required};
use crate::error::{Error, Result};
use crate::id::{Id, MailId};
pub use letter::Letter;
use letter::{Words, greeting};
use transport::Transport;

/// Sends mails, and knows where their links lead: from configuration alone (`security.md`, 5).
pub struct Mailer {
    transport: Transport,
    from: Mailbox,
    frontend_url: String,
}

/// The recipient of a mail.
#[derive(Debug, Clone)]
pub struct Recipient {
    pub email: String,
    /// For the greeting; `None` where the name may be a stranger's words.
    pub first_name: Option<String>,
}

/// What a mail is about, with what only its reader may hold.
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

    /// Writes what the mail says. A link opens a page; only the page's button does what the mail is about.
    ///
    /// # Errors
    /// Only when its template fails.
    pub fn write(&self, to: &Recipient, message: &Message) -> Result<Letter> {
        let page = |page: &str| format!("{}/{page}", self.frontend_url);
        let with_token = |name: &str, token: &str| page(&format!("{name}?token={token}"));
        let (template, link, other_email): (fn(&Words) -> Result<Letter>, _, &str) = match message {
            Message::VerifyEmail { token } => (letter::verify_email, with_token("verify-email", token), ""),
            Message::EmailTaken => (letter::email_taken, page("login"), ""),
            Message::ResetPassword { token } => (letter::reset_password, with_token("reset-password", token), ""),
            Message::Invitation { token } => (letter::invitation, with_token("reset-password", token), ""),
            Message::PasswordChanged => (letter::password_changed, page("forgot-password"), ""),
            Message::VerifyNewEmail { token } => (letter::verify_new_email, with_token("verify-email", token), ""),
            Message::EmailChangeAsked { new } => (letter::email_change_asked, page("forgot-password"), new),
            Message::AccountClosed => (letter::account_closed, String::new(), ""),
        };
        template(&Words { greeting: greeting(to.first_name.as_deref().unwrap_or_default()), link: &link, other_email })
    }

    /// Hands the mail to the server. The id is the same at each attempt, for the receiver to tell.
    ///
    /// # Errors
    /// When the server doesn't take it.
    pub async fn send(&self, id: MailId, to: &Recipient, letter: Letter) -> Result<()> {
        let address = to.email.parse().map_err(Error::internal)?;
        let message = lettre::Message::builder()
            .message_id(Some(format!("<{}@{}>", id.uuid(), self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, address)) // a name is up to 511 characters that a stranger may have chosen
            .subject(letter.subject)
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(Error::internal)?;
        self.transport.send(message).await
    }
}
