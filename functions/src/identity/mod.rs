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
    folder: "identity",
    name: "Accounts",
    about: "Registering, signing in and one's own account; users, roles and the audit log, for administrators.",
    functions: functions![
        register,
        verify_email,
        resend_verification,
        login,
        refresh,
        logout,
        forgot_password,
        reset_password,
        profile,
        credentials,
        sessions,
        users,
        roles,
        audit_logs,
        jwks,
        rotate_keys,
        appoint_administrator,
        deliver_mail,
    ],
};
