//! The keys of access tokens: ES256. The private half is with the functions that sign; the public halves
//! are rows of `signing_keys`, so that a function that verifies can't sign.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sqlx::PgConnection;

use crate::error::{Error, Result};
use crate::transaction::Read;

/// How long a verifier trusts what it read of a key.
const TRUSTED_FOR: TimeDelta = TimeDelta::minutes(5);

/// A private key, and the name under which its public half is known.
pub struct SigningKey {
    pub(crate) kid: String,
    pub(crate) private: EncodingKey,
    public: Jwk,
}

/// Makes a new private key, in PEM (PKCS #8, P-256).
///
/// # Errors
/// Only those of the machine.
pub fn generate_pem() -> Result<String> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let key = key.map_err(|error| Error::internal(error.to_string()))?;
    Ok(pem::encode(&pem::Pem::new("PRIVATE KEY", key.as_ref())))
}

impl SigningKey {
    /// Reads a key in PEM (PKCS #8, P-256). Its name is the thumbprint of its public half (RFC 7638).
    ///
    /// # Errors
    /// When it is no such key.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        let private = EncodingKey::from_ec_pem(pem).map_err(Error::internal)?;
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256).map_err(Error::internal)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(Error::internal)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, private, public })
    }

    /// Makes the public half known, so that tokens signed from now on verify. Again is no harm.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn publish(&self, connection: &mut PgConnection) -> Result<()> {
        sqlx::query!(
            "INSERT INTO signing_keys (kid, public_jwk) VALUES ($1, $2) ON CONFLICT (kid) DO NOTHING",
            self.kid,
            serde_json::to_value(&self.public)?,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// The public halves that this process has read.
#[derive(Default)]
pub struct VerificationKeys(RwLock<HashMap<String, (DecodingKey, DateTime<Utc>)>>);

impl VerificationKeys {
    /// The key of that name, from memory when it was read a short while ago; none when there is none, or it
    /// was retired.
    pub(crate) async fn find(&self, read: &mut Read, kid: &str) -> Result<Option<DecodingKey>> {
        let now = read.now();
        if let Some((key, read_at)) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(kid)
            && now - *read_at < TRUSTED_FOR
        {
            return Ok(Some(key.clone()));
        }
        let Some(jwk) = sqlx::query_scalar!(
            "SELECT public_jwk FROM signing_keys WHERE kid = $1 AND (retired_at IS NULL OR retired_at > $2)",
            kid,
            now,
        )
        .fetch_optional(read.connection())
        .await?
        else {
            return Ok(None);
        };
        let jwk: Jwk = serde_json::from_value(jwk)?;
        let key = DecodingKey::from_jwk(&jwk).map_err(Error::internal)?;
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(kid.to_owned(), (key.clone(), now));
        Ok(Some(key))
    }
}

/// All public keys that verify now, as a JWK Set (RFC 7517).
///
/// # Errors
/// Those of the database.
pub async fn published(read: &mut Read) -> Result<JwkSet> {
    let now = read.now();
    let keys = sqlx::query_scalar!(
        "SELECT public_jwk FROM signing_keys WHERE retired_at IS NULL OR retired_at > $1 ORDER BY created_at, kid",
        now
    )
    .fetch_all(read.connection())
    .await?;
    Ok(JwkSet { keys: keys.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()? })
}
