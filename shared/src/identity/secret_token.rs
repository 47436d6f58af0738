//! Tokens that a person or a program holds: 256 random bits, of which the database keeps the SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::Result;

/// A new token and its hash. It can't be printed by accident: it has no `Debug`.
pub(crate) struct SecretToken(String);

impl SecretToken {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(URL_SAFE_NO_PAD.encode(crate::random::bytes::<32>()?)))
    }

    /// What its holder is given, once.
    pub(crate) fn reveal(self) -> String {
        self.0
    }

    /// What is stored.
    pub(crate) fn hash(&self) -> String {
        hash(&self.0)
    }
}

/// The hash under which a presented token is looked up, in hex.
pub(crate) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
