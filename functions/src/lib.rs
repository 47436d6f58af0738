//! Lyceum's functions: one module an operation, one thin binary in `bin/` a function.
//!
//! | folder | functions |
//! | --- | --- |
//! | [`identity`] | register, verify-email, resend-verification, login, refresh, logout, forgot-password, reset-password, profile, credentials, sessions, users, roles, audit-logs, jwks, rotate-keys, appoint-administrator, deliver-mail |
//! | [`catalog`] | categories, courses, sections, lessons, prerequisites, tags |
//! | [`learning`] | enroll, enrollments, complete-lesson, reports, recompute-progress |
//! | [`media`] | uploads, media, ingest |
//! | [`operating`] | health, openapi, not-found, admin-database, run-jobs, maintain, migrate |
//!
//! An operation's file holds its route, its input and output, and its handler. Where one function serves a
//! resource, the folder is the function, and its `mod.rs` the table of routes.

/// The functions of these modules, each with the name of its module, from which its binary is generated.
macro_rules! functions {
    ($($module:ident),* $(,)?) => { &[$($module::FUNCTION.in_module(stringify!($module))),*] };
}

pub mod catalog;
pub mod identity;
pub mod learning;
pub mod media;
pub mod operating;

use std::sync::LazyLock;

use lyceum::Function;

/// The functions of one domain: one nested stack on AWS, one group of the OpenAPI document.
pub struct Domain {
    /// The folder of its modules, and the name of its template in `infra/functions`.
    pub folder: &'static str,
    pub name: &'static str,
    /// What its operations are for, in a sentence or two.
    pub about: &'static str,
    pub functions: &'static [Function],
}

/// All domains.
pub const DOMAINS: &[Domain] = &[identity::DOMAIN, catalog::DOMAIN, learning::DOMAIN, media::DOMAIN, operating::DOMAIN];

/// All functions, for the local stack, the tests and the OpenAPI document, which know them all.
pub static ALL: LazyLock<Vec<Function>> =
    LazyLock::new(|| DOMAINS.iter().flat_map(|domain| domain.functions).copied().collect());
