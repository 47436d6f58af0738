//! Email addresses, in the one form in which they are stored, compared and counted.

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

use crate::input::{Invalid, from_text};

/// The longest address that SMTP carries: a path of 256 octets with its two angle brackets (RFC 5321, 4.5.3.1.3).
const LONGEST: usize = 254;

/// A mailbox that mail can reach: an RFC 5321 address with a domain name. Display names, quoted local parts and
/// address literals are refused. It is ASCII in lower case: an internationalised domain is kept as its A-label, and a
/// local part that is not ASCII is refused, since Amazon SES can't deliver to it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Email(String);

impl Email {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |detail| Invalid::new("invalid_email", detail);
        let text: String = text.trim().nfkc().collect();
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| invalid("This is no email address."))?;
        if !local.is_ascii() {
            return Err(invalid(
                "Mail can't reach this email address: before the @ it may have only Latin letters without accents, digits and signs.",
            ));
        }
        let domain = idna::domain_to_ascii_strict(domain)
            .map_err(|_| invalid("This is no email address: the part after the @ is no domain name."))?;
        let email = format!("{}@{domain}", local.to_ascii_lowercase());
        let top_level = domain.rsplit('.').next().unwrap_or_default();
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let reachable = EmailAddress::parse_with_options(&email, options).is_ok()
            && !local.starts_with('"')
            && !top_level.bytes().all(|byte| byte.is_ascii_digit());
        if !reachable || email.len() > LONGEST {
            return Err(invalid("This is no email address. Write only the address, such as ada@school.example."));
        }
        Ok(Self(email))
    }
}

from_text!(Email, { "type": "string", "format": "email", "maxLength": 255 }, Email::parse);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_form() {
        for (written, kept) in [
            ("  Ada@School.Test ", "ada@school.test"),
            ("ada+courses@school.test", "ada+courses@school.test"),
            ("ada@M\u{fc}ller.test", "ada@xn--mller-kva.test"),
            ("ada@mu\u{308}ller.test", "ada@xn--mller-kva.test"),
            ("ada@XN--MLLER-KVA.test", "ada@xn--mller-kva.test"),
            ("ada\u{ff20}school\u{3002}test", "ada@school.test"),
        ] {
            assert_eq!(Email::parse(written).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn an_address_that_no_mail_can_reach_is_refused() {
        let too_long = format!("{}@{}.test", "a".repeat(64), vec!["b".repeat(60); 3].join(".") + "bbbbbb");
        assert!(too_long.len() > LONGEST);
        for written in [
            "",
            "@",
            "ada",
            "ada@",
            "@school.test",
            "ada@school",
            "ada@@school.test",
            "a@b@school.test",
            "Anna Muster <a@x.test>",
            "<a@x.test>",
            "a@x.test, b@x.test",
            "a@x.test;",
            "mailto:a@x.test ",
            "\"a b\"@x.test",
            "\"a\"@x.test",
            "a b@x.test",
            "(note)a@x.test",
            "a@(note)x.test",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@127.0.0.1",
            "a@x.test.",
            "a@.x.test",
            "a@x..test",
            "a@-x.test",
            "a@x_y.test",
            ".a@x.test",
            "a.@x.test",
            "a..b@x.test",
            "a\n@x.test",
            "a@x.test\nBcc: b@x.test",
            "a\0@x.test",
            "νικος@x.test",
            "jos\u{e9}@x.test",
            "a\u{200b}@x.test",
            &too_long,
        ] {
            assert!(Email::parse(written).is_err(), "{written:?}");
        }
    }
}
