//! What operators and frontend authors look at.

pub mod admin_database;
pub(crate) mod custom_resource;
pub mod health;
pub mod maintain;
pub mod migrate;
pub mod not_found;
pub mod openapi;
pub mod run_jobs;

use crate::Domain;

pub const DOMAIN: Domain = Domain {
    folder: "operating",
    name: "Operating",
    about: "Health, the state of the database, and this document.",
    functions: functions![admin_database, health, maintain, migrate, run_jobs, openapi, not_found],
};
