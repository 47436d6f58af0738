//! What operators and frontend authors look at.

pub mod admin_database;
pub(crate) mod custom_resource;
pub mod health;
pub mod maintain;
pub mod migrate;
pub mod not_found;
pub mod openapi;
