//! What mails say: each a text and an HTML page, from the templates of its name.

use askama::Template;

use crate::error::{Error, Result};

/// What the templates speak of.
#[derive(Debug, Default)]
pub(super) struct Words<'a> {
    pub greeting: String,
    /// Where its button leads, which is configuration and a token, nothing else.
    pub link: &'a str,
    /// Another address than the reader's, where the mail is about one.
    pub other_email: &'a str,
}

/// A mail as it is written.
#[derive(Debug)]
pub struct Letter {
    pub(super) subject: &'static str,
    pub(super) text: String,
    pub(super) html: String,
}

/// Makes a letter of two templates, which are checked when this is compiled.
macro_rules! letters {
    ($($name:ident = $subject:literal, $text:tt, $html:tt;)*) => {$(
        pub(super) fn $name(words: &Words) -> Result<Letter> {
            #[derive(Template)]
            #[template(path = $text)]
            struct Text<'a> { words: &'a Words<'a> }
            #[derive(Template)]
            #[template(path = $html)]
            struct Html<'a> { words: &'a Words<'a> }
            Ok(Letter {
                subject: $subject,
                text: Text { words }.render().map_err(Error::internal)?,
                html: Html { words }.render().map_err(Error::internal)?,
            })
        }
    )*};
}

letters! {
    verify_email = "Please verify your email", "verify_email.txt", "verify_email.html";
    email_taken = "You already have an account", "email_taken.txt", "email_taken.html";
    reset_password = "Choose a new password", "reset_password.txt", "reset_password.html";
    invitation = "You are invited: choose your password", "invitation.txt", "invitation.html";
    password_changed = "Your password was changed", "password_changed.txt", "password_changed.html";
    verify_new_email = "Please verify your new email", "verify_new_email.txt", "verify_new_email.html";
    email_change_asked = "Your email is about to change", "email_change_asked.txt", "email_change_asked.html";
    account_closed = "Your account is closed", "account_closed.txt", "account_closed.html";
}

/// Returns `Hello Ada,`, and just `Hello,` for no name and for one that could be an advertisement or a link.
pub(super) fn greeting(first_name: &str) -> String {
    let mut characters = first_name.chars().peekable();
    let mut is_a_name = !first_name.is_empty() && first_name.chars().count() <= 60;
    while let Some(character) = characters.next() {
        let in_a_link = character == '.' && characters.peek().is_some_and(|next| next.is_alphanumeric());
        is_a_name &= !in_a_link && !character.is_control() && !matches!(character, '/' | ':' | '@');
    }
    if is_a_name { format!("Hello {first_name},") } else { "Hello,".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_a_link_is_not_said() {
        for name in ["Ada", "Anne-Marie", "J. R.", "Łukasz", "Ada <b>"] {
            assert_eq!(greeting(name), format!("Hello {name},"));
        }
        let long = "a".repeat(61);
        for advertisement in ["win at evil.test", "http://evil.test", "a@b", "a\nb", &long] {
            assert_eq!(greeting(advertisement), "Hello,");
        }
    }
}
