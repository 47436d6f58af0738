//! What a person types to sign in.

use unicode_normalization::UnicodeNormalization;

use super::email::Email;
use super::username;
use crate::id::UserId;

/// An email or a username in its normalised form: the only value by which accounts are looked up and attempts are
/// counted, so that no spelling reaches an account past its count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier(String);

impl Identifier {
    /// Reads any text. A text that is neither an email nor a username has a form of its own, and no account has it.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let typed: String = typed.trim().nfkc().collect();
        if typed.contains('@') {
            return Self(Email::parse(&typed).map_or(typed, |email| email.as_str().to_owned()));
        }
        Self(username::normalized(&typed))
    }

    /// Names an account by its id, for attempts at a password by a caller who is signed in. No text that is typed is the
    /// same, since none holds a NUL.
    #[must_use]
    pub fn of_user(user: UserId) -> Self {
        Self(format!("\0{user}"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
