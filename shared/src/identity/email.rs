//! Email addresses and usernames, in the form in which they are kept.

use crate::input::{Invalid, from_text};

/// An email address, trimmed and in lower case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Email(String);

impl Email {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

from_text!(Email, { "type": "string", "format": "email", "maxLength": 255 }, |text| {
    let email = text.trim().to_lowercase();
    let fits = email.chars().count() <= 255 && !email.contains('\0');
    if fits && email_address::EmailAddress::is_valid(&email) && email.contains('.') {
        Ok(Email(email))
    } else {
        Err(Invalid::new("invalid_email", "This is no email address."))
    }
});

/// A username: 3 to 50 letters and digits of any script, with `.`, `_` and `-` between them. It can't hold an
/// `@`, so it is never taken for an email.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Username(String);

impl Username {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

from_text!(Username, { "type": "string", "minLength": 3, "maxLength": 50, "pattern": r"^[\p{L}\p{N}][\p{L}\p{N}._-]*$" }, |text| {
    let length = text.chars().count();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (3..=50).contains(&length) && text.chars().all(allowed) && text.starts_with(char::is_alphanumeric) {
        Ok(Username(text.to_owned()))
    } else {
        Err(Invalid::new(
            "invalid_username",
            "A username has 3 to 50 letters and digits, with . _ - between them, and starts with a letter or digit.",
        ))
    }
});
