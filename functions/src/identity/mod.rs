//! Who people are: registering, signing in, oneself.

pub mod deliver_mail;
pub mod jwks;
pub mod login;
pub mod profile;
pub mod register;
pub mod verify_email;
