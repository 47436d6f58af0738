//! Who people are, how they prove it, and what they may do.

mod access_token;
pub(crate) mod authenticate;
mod caller;
mod email;
pub mod keys;
pub mod letters;
pub mod password;
pub mod profile;
pub mod registration;
mod secret_token;
pub mod sign_in;

pub use access_token::LIFETIME as ACCESS_TOKEN_LIFETIME;
pub use caller::{Caller, Permission, SignedIn};
pub use email::{Email, Username};
