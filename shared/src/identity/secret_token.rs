//! Tokens that a person or a program holds: 256 random bits, of which the database keeps the SHA-256.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

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

/// Encrypts a token under a key that only the presented one gives (AES-256-GCM, the nonce first): the database can't
/// read it, and neither can its backups.
pub(crate) fn seal(token: &str, under: &str) -> Result<Vec<u8>> {
    let mut sealed = token.as_bytes().to_vec();
    let nonce = sealing_key(under)?.seal_in_place_append_tag(Aad::empty(), &mut sealed).map_err(Error::internal)?;
    Ok([nonce.as_ref().as_slice(), &sealed].concat())
}

/// Decrypts what [`seal`] made.
pub(crate) fn open(sealed: &[u8], under: &str) -> Result<String> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or_else(|| Error::internal("a sealed token is cut"))?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(Error::internal)?;
    let mut sealed = sealed.to_vec();
    let token = sealing_key(under)?.open_in_place(nonce, Aad::empty(), &mut sealed).map_err(Error::internal)?;
    String::from_utf8(token.to_vec()).map_err(Error::internal)
}

/// Another hash than the one that is stored, or the database would hold the key.
fn sealing_key(token: &str) -> Result<RandomizedNonceKey> {
    let key =
        Sha256::new().chain_update(b"lyceum: seals the successor of a refresh token\0").chain_update(token).finalize();
    RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(Error::internal)
}
