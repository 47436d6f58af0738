//! From an access token to a caller, by one primary-key query a call: what ended or changed is felt at the
//! very next one, a compromised key too, whatever this process has read of it. The only place where a caller comes from.

use super::access_token;
use super::caller::{Caller, SignedIn};
use super::keys::VerificationKeys;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::transaction::Read;

/// The caller that holds this token.
///
/// # Errors
/// 401 when the token is not genuine or has expired, or when its session, its user or their role is gone.
pub(crate) async fn authenticate(
    read: &mut Read,
    keys: &VerificationKeys,
    issuer: &str,
    token: &str,
) -> Result<Caller> {
    let invalid = || Error::unauthorized("The access token is not valid (any more); sign in or refresh it.");
    let kid = access_token::key_name(token).ok_or_else(invalid)?;
    let key = keys.find(read, &kid).await?.ok_or_else(invalid)?;
    let now = read.now();
    let claims = access_token::verify(token, &key, issuer, now).ok_or_else(invalid)?;
    let found = sqlx::query_as!(
        SignedIn,
        r#"SELECT u.id AS "user_id: UserId", s.id AS "session_id: SessionId", r.name AS role,
             ARRAY(SELECT jsonb_array_elements_text(r.permissions)) AS "permissions!"
           FROM sessions s
           JOIN users u ON u.id = s.user_id
           JOIN roles r ON r.id = u.role_id
           WHERE s.id = $1 AND u.id = $2 AND s.ended_at IS NULL AND s.expires_at > $3
             AND u.is_active AND u.is_email_verified AND u.deleted_at IS NULL
             AND EXISTS (SELECT FROM signing_keys k WHERE k.kid = $4 AND (k.retired_at IS NULL OR k.retired_at > $3))"#,
        claims.sid.0,
        claims.sub.0,
        now,
        kid,
    )
    .fetch_optional(read.connection())
    .await?;
    found.map(Caller::User).ok_or_else(invalid)
}
