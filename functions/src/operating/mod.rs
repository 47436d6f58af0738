//! What operators and frontend authors look at.

pub mod health;
pub mod not_found;
pub mod openapi;
