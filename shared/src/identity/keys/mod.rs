//! The keys of access tokens: ES256. The private half is with the functions that sign; the public halves
//! are rows of `signing_keys`, so that a function that verifies can't sign.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sqlx::{PgConnection, PgExecutor};

use crate::error::{Error, Result};
use crate::transaction::{Read, Write};

mod source;

pub use source::SigningKeySource;

/// How long a verifier trusts what it read of a key.
const TRUSTED_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long a key verifies after it was replaced: until what was signed with it last has expired, with much room.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

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

    /// Its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Replaces all other keys by this one, which is known already: they verify until no token of theirs can be
    /// valid, or with `at_once` from now on not at all. Tells how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn replace_others(&self, write: &mut Write, at_once: bool) -> Result<u64> {
        let retired_at = if at_once { write.now() } else { write.now() + OVERLAP };
        let retired = sqlx::query!(
            "UPDATE signing_keys SET retired_at = $2 WHERE kid <> $1 AND (retired_at IS NULL OR retired_at > $2)",
            self.kid,
            retired_at
        )
        .execute(write.connection())
        .await?;
        Ok(retired.rows_affected())
    }

    /// Makes the public half known, so that tokens signed from now on verify. Again is no harm.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn publish(&self, write: &mut Write) -> Result<()> {
        self.insert(write.connection()).await
    }

    /// The same, by whoever set the database up.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn publish_as_owner(&self, owner: &mut PgConnection) -> Result<()> {
        self.insert(owner).await
    }

    async fn insert<'c>(&self, by: impl PgExecutor<'c>) -> Result<()> {
        sqlx::query!(
            "INSERT INTO signing_keys (kid, public_jwk) VALUES ($1, $2) ON CONFLICT (kid) DO NOTHING",
            self.kid,
            serde_json::to_value(&self.public)?,
        )
        .execute(by)
        .await?;
        Ok(())
    }
}

/// Where the private key is kept, and what this process read of it.
pub struct Signing {
    source: SigningKeySource,
    read: RwLock<Option<Arc<SigningKey>>>,
}

impl Signing {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(source: SigningKeySource) -> Self {
        Self { source, read: RwLock::default() }
    }

    /// The key to sign with: read once, and again when the database says that it was replaced, so that a rotation is
    /// felt at the very next signature and needs no restart.
    ///
    /// # Errors
    /// When there is none.
    pub async fn key(&self, read: &mut Read) -> Result<Arc<SigningKey>> {
        let before = self.read.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(key) = before
            && is_current(read, &key.kid).await?
        {
            return Ok(key);
        }
        let key = Arc::new(SigningKey::from_pem(&self.source.read().await?)?);
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(key)
    }

    /// Keeps a new private key in the old one's place.
    ///
    /// # Errors
    /// When it can't be written; the old one is still there then.
    pub async fn replace(&self, pem: &str) -> Result<()> {
        self.source.write(pem).await?;
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

/// Whether no other key has taken its place.
async fn is_current(read: &mut Read, kid: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM signing_keys WHERE kid = $1 AND retired_at IS NULL) AS "current!""#,
        kid
    )
    .fetch_one(read.connection())
    .await?)
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
