//! Forgotten passwords and invitations: a token that came by mail sets a password, once.

use chrono::TimeDelta;

use super::password::NO_PASSWORD;
use super::secret_token::{self, SecretToken};
use super::{Email, links, sessions};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::limits::{Budget, Limits};
use crate::outbox::{self, Purpose};
use crate::transaction::{Read, Write};

/// How long a link to a new password works.
const RESET_LIFETIME: TimeDelta = TimeDelta::minutes(30);
/// How long an invitation works; whoever is later asks for a new password.
const INVITATION_LIFETIME: TimeDelta = TimeDelta::days(7);

/// Whose password a token sets.
pub struct Owner {
    pub id: UserId,
    pub email: String,
    pub username: String,
}

/// A new token, and whether it is an invitation's.
pub struct Minted {
    pub token: String,
    pub is_invitation: bool,
}

/// Puts the mail with the link into the outbox when there is such an account. Returns the account.
///
/// # Errors
/// 503 when the database is away.
pub async fn forgot(write: &mut Write, limits: &Limits, email: &Email) -> Result<Option<UserId>> {
    write.wake_outbox(); // for nothing, too: the time that it takes would tell
    // Counted for any address: a budget that only accounts spend would tell which addresses have one.
    let may_be_mailed = limits.mail(write, Budget::PasswordLink, email).await?;
    let user = sqlx::query_scalar!(
        r#"SELECT id AS "id: UserId" FROM users WHERE email = $1 AND is_active AND deleted_at IS NULL"#,
        email.as_str()
    )
    .fetch_optional(write.connection())
    .await?;
    if let Some(user) = user
        && may_be_mailed
    {
        outbox::put(write, Purpose::ResetPassword, user).await?;
    }
    Ok(user)
}

/// Makes a new token for the user. The first password of an invited account comes by an invitation, whose earlier links
/// keep working, since a stranger who registers the address causes another mail; any other token ends the old ones.
///
/// # Errors
/// 404 when there is no such user.
pub async fn mint(write: &mut Write, user: UserId) -> Result<Minted> {
    let now = write.now();
    let token = SecretToken::new()?;
    let is_invitation = sqlx::query_scalar!(
        r#"SELECT password_hash = $2 AND NOT is_contested AS "is_invitation!" FROM users WHERE id = $1 FOR NO KEY UPDATE"#,
        user.0,
        NO_PASSWORD
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(|| Error::not_found("user"))?;
    if !is_invitation {
        links::end_password_links(write, user).await?;
    }
    let lifetime = if is_invitation { INVITATION_LIFETIME } else { RESET_LIFETIME };
    sqlx::query!(
        "INSERT INTO password_reset_tokens (user_id, token, is_invitation, expires_at, created_at) VALUES ($1, $2, $3, $4, $5)",
        user.0,
        token.hash(),
        is_invitation,
        now + lifetime,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(Minted { token: token.reveal(), is_invitation })
}

/// Whose password the token would set; it is not used by that.
///
/// # Errors
/// 422 when it was used, has expired or never was.
pub async fn owner(read: &mut Read, token: &str) -> Result<Owner> {
    let now = read.now();
    sqlx::query_as!(
        Owner,
        r#"SELECT u.id AS "id: UserId", u.email, u.username
           FROM password_reset_tokens t JOIN users u ON u.id = t.user_id
           WHERE t.token = $1 AND t.used_at IS NULL AND t.expires_at > $2 AND u.is_active AND u.deleted_at IS NULL"#,
        secret_token::hash(token),
        now,
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(links::invalid)
}

/// Uses the token: sets the password, ends all sessions, and tells the owner by mail. Only an invitation verifies the
/// email, since it came by that mail alone; a reset never does (`docs/security.md`, 3).
///
/// # Errors
/// 422 when it was used, has expired or never was: of many at once one gets through.
pub async fn reset(write: &mut Write, token: &str, password_hash: &str) -> Result<UserId> {
    let now = write.now();
    // The account before its links, as everywhere.
    sqlx::query!(
        "SELECT FROM users WHERE id = (SELECT user_id FROM password_reset_tokens WHERE token = $1) FOR NO KEY UPDATE",
        secret_token::hash(token),
    )
    .execute(write.connection())
    .await?;
    let used = sqlx::query!(
        r#"UPDATE password_reset_tokens SET used_at = $2 WHERE token = $1 AND used_at IS NULL AND expires_at > $2
           RETURNING user_id AS "user_id: UserId", is_invitation"#,
        secret_token::hash(token),
        now,
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(links::invalid)?;
    let user = used.user_id;
    let changed = sqlx::query!(
        "UPDATE users SET password_hash = $2, is_email_verified = is_email_verified OR $3, is_contested = false
         WHERE id = $1 AND is_active AND deleted_at IS NULL",
        user.0,
        password_hash,
        used.is_invitation,
    )
    .execute(write.connection())
    .await?;
    if changed.rows_affected() == 0 {
        return Err(links::invalid());
    }
    links::end_password_links(write, user).await?;
    links::end_email_change(write, user).await?; // whoever resets may do so because of it
    sessions::end_all(write, user, None).await?;
    remember_address(write, user).await?;
    if !used.is_invitation {
        outbox::put(write, Purpose::PasswordChanged, user).await?;
    }
    Ok(user)
}

/// Notes that the account is used from here, so that others' failures don't keep its owner out.
pub(crate) async fn remember_address(write: &mut Write, user: UserId) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "INSERT INTO known_addresses (user_id, ip_address, seen_at) SELECT $1, $2::varchar, $3 WHERE $2 <> ''
         ON CONFLICT (user_id, ip_address) DO UPDATE SET seen_at = excluded.seen_at",
        user.0,
        crate::limits::network(write),
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}
