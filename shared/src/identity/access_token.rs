//! Access tokens: JSON Web Tokens, checked as RFC 8725 asks. That one is genuine says who held it;
//! whether the session still stands, the database says in the same call (`authenticate`).

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::SigningKey;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId, uuid_at};

/// How long an access token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// How far two clocks may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// Who the tokens are for.
const AUDIENCE: &str = "lyceum";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    pub(crate) sub: UserId,
    pub(crate) sid: SessionId,
    jti: Uuid,
    iat: i64,
    exp: i64,
    /// For frontends; the server reads the role afresh at each call.
    role: String,
    permissions: Vec<String>,
}

/// What a token says of its holder.
pub(crate) struct Holder<'a> {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub role: &'a str,
    pub permissions: &'a [String],
}

/// Signs a token.
pub(crate) fn sign(key: &SigningKey, issuer: &str, now: DateTime<Utc>, holder: &Holder) -> Result<String> {
    let header = ours(&key.kid);
    let claims = Claims {
        iss: issuer.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: holder.user_id,
        sid: holder.session_id,
        jti: uuid_at(now),
        iat: now.timestamp(),
        exp: (now + LIFETIME).timestamp(),
        role: holder.role.to_owned(),
        permissions: holder.permissions.to_vec(),
    };
    jsonwebtoken::encode(&header, &claims, &key.private).map_err(Error::internal)
}

/// The name of the key that a token claims to be signed with; none when it is no token of ours: our headers say nothing
/// but algorithm, type and key, so that one with more (`crit`, `jku`, `jwk`, …) is not even looked up.
pub(crate) fn key_name(token: &str) -> Option<String> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let kid = header.kid.clone().filter(|kid| kid.bytes().all(|byte| byte.is_ascii_graphic()))?;
    (header == ours(&kid)).then_some(kid)
}

fn ours(kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) }
}

/// The claims of a genuine token that has not expired; none for any other.
pub(crate) fn verify(token: &str, key: &DecodingKey, issuer: &str, now: DateTime<Utc>) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false; // by the injected clock, below
    let claims = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?.claims;
    let in_time =
        now.timestamp() <= claims.exp + LEEWAY.num_seconds() && claims.iat <= now.timestamp() + LEEWAY.num_seconds();
    in_time.then_some(claims)
}
