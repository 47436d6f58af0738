//! Who people are: registering, signing in, oneself; and those who look after the others.

pub mod appoint_administrator;
pub mod audit_logs;
pub mod credentials;
pub mod deliver_mail;
pub mod forgot_password;
pub mod jwks;
pub mod login;
pub mod logout;
pub mod profile;
pub mod refresh;
pub mod register;
pub mod resend_verification;
pub mod reset_password;
pub mod roles;
pub mod rotate_keys;
pub mod sessions;
pub mod users;
pub mod verify_email;

use crate::Domain;

pub const DOMAIN: Domain = Domain {
    name: "Accounts",
    about: "Registering, signing in and one's own account; users, roles and the audit log, for administrators.",
    functions: &[
        register::FUNCTION,
        verify_email::FUNCTION,
        resend_verification::FUNCTION,
        login::FUNCTION,
        refresh::FUNCTION,
        logout::FUNCTION,
        forgot_password::FUNCTION,
        reset_password::FUNCTION,
        profile::FUNCTION,
        credentials::FUNCTION,
        sessions::FUNCTION,
        users::FUNCTION,
        roles::FUNCTION,
        audit_logs::FUNCTION,
        jwks::FUNCTION,
        rotate_keys::FUNCTION,
        appoint_administrator::FUNCTION,
        deliver_mail::FUNCTION,
    ],
};
