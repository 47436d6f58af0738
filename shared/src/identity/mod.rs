//! Who people are, how they prove it, and what they may do.

mod access_token;
mod administrators;
pub(crate) mod authenticate;
mod caller;
pub mod closing;
pub mod credentials;
mod email;
pub mod email_change;
pub mod export;
mod identifier;
pub mod keys;
mod links;
pub mod mail_templates;
pub mod password;
mod permission;
pub mod profile;
pub mod recovery;
pub mod refresh;
pub mod registration;
pub mod roles;
mod secret_token;
pub mod sessions;
pub mod sign_in;
mod username;
pub mod users;

pub use access_token::LIFETIME as ACCESS_TOKEN_LIFETIME;
pub use caller::{Caller, SignedIn};
pub use email::Email;
pub use identifier::Identifier;
pub use permission::{Grant, Permission, PermissionInfo, explained as permissions};
pub use username::Username;
