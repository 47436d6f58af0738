//! Lyceum's functions: one module an operation, one thin binary in `bin/` a function.
//!
//! | folder | functions |
//! | --- | --- |
//! | [`identity`] | register, verify-email, resend-verification, login, refresh, logout, forgot-password, reset-password, profile, credentials, sessions, users, roles, audit-logs, jwks, rotate-keys, appoint-administrator, deliver-mail |
//! | [`catalog`] | categories, courses, sections, lessons, prerequisites, tags |
//! | [`learning`] | enroll, enrollments, complete-lesson, reports, recompute-progress |
//! | [`media`] | uploads, media, ingest |
//! | [`operating`] | health, openapi, not-found, admin-database, maintain, migrate |
//!
//! An operation's file holds its route, its input and output, and its handler. Where one function serves a
//! resource, the folder is the function, and its `mod.rs` the table of routes.

pub mod catalog;
pub mod identity;
pub mod learning;
pub mod media;
pub mod operating;

use lyceum::Function;

/// All functions, for whoever runs them in one process: the local stack, the tests, the OpenAPI document.
pub const ALL: &[Function] = &[
    identity::register::FUNCTION,
    identity::verify_email::FUNCTION,
    identity::resend_verification::FUNCTION,
    identity::login::FUNCTION,
    identity::refresh::FUNCTION,
    identity::logout::FUNCTION,
    identity::forgot_password::FUNCTION,
    identity::reset_password::FUNCTION,
    identity::profile::FUNCTION,
    identity::credentials::FUNCTION,
    identity::sessions::FUNCTION,
    identity::users::FUNCTION,
    identity::roles::FUNCTION,
    identity::audit_logs::FUNCTION,
    identity::jwks::FUNCTION,
    identity::rotate_keys::FUNCTION,
    identity::appoint_administrator::FUNCTION,
    identity::deliver_mail::FUNCTION,
    catalog::categories::FUNCTION,
    catalog::courses::FUNCTION,
    catalog::sections::FUNCTION,
    catalog::lessons::FUNCTION,
    catalog::prerequisites::FUNCTION,
    catalog::tags::FUNCTION,
    learning::enroll::FUNCTION,
    learning::enrollments::FUNCTION,
    learning::complete_lesson::FUNCTION,
    learning::reports::FUNCTION,
    learning::recompute_progress::FUNCTION,
    media::uploads::FUNCTION,
    media::watch::FUNCTION,
    media::ingest::FUNCTION,
    operating::admin_database::FUNCTION,
    operating::health::FUNCTION,
    operating::maintain::FUNCTION,
    operating::migrate::FUNCTION,
    operating::openapi::FUNCTION,
    operating::not_found::FUNCTION,
];
