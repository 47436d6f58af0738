//! The content of mails. Each mail has a text template and an HTML template in `shared/templates`.

use askama::Template;

use crate::error::{Error, Result};

/// The values that templates use.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    pub greeting: String,
    /// The URL of the button: made of configuration and a token only.
    pub link: &'a str,
    /// A second email address that the mail mentions; empty if there is none.
    pub other_email: &'a str,
}

/// A rendered mail: its subject, its plain text and its HTML.
#[derive(Debug)]
pub struct RenderedMail {
    pub(super) subject: &'static str,
    pub(super) text: String,
    pub(super) html: String,
}

/// Defines a function for each mail, which renders its two templates. The compiler checks the templates.
macro_rules! mails {
    ($($name:ident = $subject:literal, $text:tt, $html:tt;)*) => {$(
        pub(super) fn $name(values: &Values) -> Result<RenderedMail> {
            #[derive(Template)]
            #[template(path = $text)]
            struct Text<'a> { values: &'a Values<'a> }
            #[derive(Template)]
            #[template(path = $html)]
            struct Html<'a> { values: &'a Values<'a> }
            Ok(RenderedMail {
                subject: $subject,
                text: Text { values }.render().map_err(Error::internal)?,
                html: Html { values }.render().map_err(Error::internal)?,
            })
        }
    )*};
}

mails! {
    verify_email = "Please verify your email", "verify_email.txt", "verify_email.html";
    email_taken = "You already have an account", "email_taken.txt", "email_taken.html";
    reset_password = "Choose a new password", "reset_password.txt", "reset_password.html";
    invitation = "You are invited: choose your password", "invitation.txt", "invitation.html";
    password_changed = "Your password was changed", "password_changed.txt", "password_changed.html";
    verify_new_email = "Please verify your new email", "verify_new_email.txt", "verify_new_email.html";
    email_change_asked = "Your email is about to change", "email_change_asked.txt", "email_change_asked.html";
    account_closed = "Your account is closed", "account_closed.txt", "account_closed.html";
}

/// Returns `Hello Ada,`, or just `Hello,` if the name is empty or could be an advertisement or a link.
pub(super) fn greeting(first_name: &str) -> String {
    let mut characters = first_name.chars().peekable();
    let mut is_name = !first_name.is_empty() && first_name.chars().count() <= 60;
    while let Some(character) = characters.next() {
        let is_link = character == '.' && characters.peek().is_some_and(|next| next.is_alphanumeric());
        is_name &= !is_link && !character.is_control() && !matches!(character, '/' | ':' | '@');
    }
    if is_name { format!("Hello {first_name},") } else { "Hello,".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_a_link_is_left_out() {
        for name in ["Ada", "Anne-Marie", "J. R.", "Łukasz", "Ada <b>"] {
            assert_eq!(greeting(name), format!("Hello {name},"));
        }
        let long = "a".repeat(61);
        for advertisement in ["win at evil.test", "http://evil.test", "a@b", "a\nb", &long] {
            assert_eq!(greeting(advertisement), "Hello,");
        }
    }
}
