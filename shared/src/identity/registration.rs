//! Registering, and proving that the email is one's own.
//!
//! Anyone can register any address, so an unverified registration owns nothing (`docs/semantics.md`, Accounts): it is
//! given no role and no enrolment, an invitation takes it over, and a second registration of its address discards the
//! password, so that only the holder of the mailbox can choose one.

use chrono::TimeDelta;

use super::password::NO_PASSWORD;
use super::secret_token::{self, SecretToken};
use super::{Email, Username, closing, links};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::limits::{Budget, Limits};
use crate::outbox::{self, Purpose};
use crate::problem;
use crate::transaction::{Read, Write};

/// How long a verification link works.
const VERIFICATION_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// A person who wants an account. The password is hashed already, since no transaction waits for that.
pub struct Registration {
    pub email: Email,
    pub username: Username,
    pub password_hash: String,
    pub first_name: String,
    pub last_name: String,
}

/// The result of a registration. The caller gets the same answer for all of them.
pub enum Registered {
    /// A new account.
    Account(UserId),
    /// The address was registered before and never verified: its password is discarded.
    Contested(UserId),
    /// The email belongs to an account, or to a person who was invited; they get a mail, and the username is held.
    EmailTaken(UserId),
}

/// Fails with 409 when the username belongs to an account or is held by a registration with another email.
///
/// # Errors
/// 409.
pub async fn check_username(read: &mut Read, username: &Username, email: &Email) -> Result<()> {
    let taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users u WHERE normalized_username = $1
                 AND NOT (email = $2 AND is_unverified_registration(u)))
             OR EXISTS (SELECT FROM username_holds WHERE normalized_username = $1 AND email <> $2) AS "taken!""#,
        username.normalized(),
        email.as_str(),
    )
    .fetch_one(read.connection())
    .await?;
    if taken {
        return Err(Error::problem(&problem::USERNAME_TAKEN, "This username is taken; choose another."));
    }
    Ok(())
}

/// Registers a student, and puts the mail that follows into the outbox when `may_be_mailed` (see
/// [`Limits::registration_mail`]).
/// Without a mail nothing of an earlier registration is replaced but its password, which is discarded.
///
/// # Errors
/// 409 when the username is taken or held.
pub async fn register(write: &mut Write, new: &Registration, may_be_mailed: bool) -> Result<Registered> {
    check_username(write, &new.username, &new.email).await?;
    if let Some(account) = insert(write, new).await? {
        return mailed(write, may_be_mailed, Purpose::VerifyEmail, account)
            .await
            .map(|()| Registered::Account(account));
    }
    let holder = sqlx::query!(
        r#"SELECT id AS "id: UserId", is_unverified_registration(u) AND is_active AS "is_registration!",
             password_hash = $2 AS "has_no_password!" FROM users u WHERE email = $1 FOR NO KEY UPDATE"#,
        new.email.as_str(),
        NO_PASSWORD,
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(|| Error::Retry("the account with this email was erased meanwhile".into()))?;
    if holder.is_registration {
        contest(write, holder.id, new, may_be_mailed).await?;
        mailed(write, may_be_mailed, Purpose::VerifyEmail, holder.id).await?;
        return Ok(Registered::Contested(holder.id));
    }
    hold_username(write, new, may_be_mailed).await?;
    let purpose = if holder.has_no_password { Purpose::ResetPassword } else { Purpose::EmailTaken };
    mailed(write, may_be_mailed, purpose, holder.id).await?;
    Ok(Registered::EmailTaken(holder.id))
}

/// Inserts the account. Returns `None` when an account has this email.
async fn insert(write: &mut Write, new: &Registration) -> Result<Option<UserId>> {
    let now = write.now();
    Ok(sqlx::query_scalar!(
        r#"INSERT INTO users (id, email, username, normalized_username, password_hash, first_name, last_name, role_id, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT id FROM roles WHERE name = 'student'), $8)
           ON CONFLICT (email) DO NOTHING RETURNING id AS "id: UserId""#,
        UserId::new(now).0,
        new.email.as_str(),
        new.username.as_str(),
        new.username.normalized(),
        new.password_hash,
        new.first_name,
        new.last_name,
        now,
    )
    .fetch_optional(write.connection())
    .await?)
}

/// Discards the password of an earlier registration. Links that were mailed keep working, and ask for a password. The
/// names are replaced only when a mail tells the holder of the mailbox about it.
async fn contest(write: &mut Write, account: UserId, new: &Registration, replaces_names: bool) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET is_contested = true, password_hash = $2,
           username = CASE WHEN $3 THEN $4 ELSE username END,
           normalized_username = CASE WHEN $3 THEN $5 ELSE normalized_username END,
           first_name = CASE WHEN $3 THEN $6 ELSE first_name END,
           last_name = CASE WHEN $3 THEN $7 ELSE last_name END
         WHERE id = $1",
        account.0,
        NO_PASSWORD,
        replaces_names,
        new.username.as_str(),
        new.username.normalized(),
        new.first_name,
        new.last_name,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Holds the username for this email, so that no later answer tells whether the email was known. A former hold moves
/// when a registration would replace its username.
async fn hold_username(write: &mut Write, new: &Registration, replaces: bool) -> Result<()> {
    sqlx::query!(
        "INSERT INTO username_holds AS h (email, username, normalized_username) VALUES ($1, $2, $3)
         ON CONFLICT (email) DO UPDATE
           SET username = excluded.username, normalized_username = excluded.normalized_username WHERE $4",
        new.email.as_str(),
        new.username.as_str(),
        new.username.normalized(),
        replaces,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Puts the mail into the outbox when it may be sent. Wakes its reader either way: the time that it takes would tell.
async fn mailed(write: &mut Write, may_be_mailed: bool, purpose: Purpose, user: UserId) -> Result<()> {
    write.wake_outbox();
    if may_be_mailed { outbox::put(write, purpose, user).await } else { Ok(()) }
}

/// Makes one more verification token for the user. Returns `None` when there is nothing to verify any more.
pub(crate) async fn mint_verification(write: &mut Write, user: UserId) -> Result<Option<String>> {
    let token = SecretToken::new()?;
    let (now, expires_at) = (write.now(), write.now() + VERIFICATION_LIFETIME);
    let minted = sqlx::query!(
        "INSERT INTO email_verification_tokens (token, user_id, expires_at, created_at)
         SELECT $2, id, $3, $4 FROM users u WHERE id = $1 AND is_unverified_registration(u) AND deleted_at IS NULL",
        user.0,
        token.hash(),
        expires_at,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok((minted.rows_affected() == 1).then(|| token.reveal()))
}

/// Mails another link to an account that waits to be verified; the earlier ones end when it is sent. A person who was
/// invited is invited again. Returns the account, if there is one.
///
/// # Errors
/// 503 when the database is away.
pub async fn resend(write: &mut Write, limits: &Limits, email: &Email) -> Result<Option<UserId>> {
    // Counted for any address: a budget that only accounts spend would tell which addresses have one.
    let may_be_mailed = limits.mail(write, Budget::General, email).await?;
    let user = sqlx::query!(
        r#"SELECT id AS "id: UserId", is_unverified_registration(u) AS "is_registration!" FROM users u
           WHERE email = $1 AND NOT is_email_verified AND is_active AND deleted_at IS NULL"#,
        email.as_str()
    )
    .fetch_optional(write.connection())
    .await?;
    let Some(user) = user else {
        write.wake_outbox(); // for nothing, too: the time that it takes would tell
        return Ok(None);
    };
    let purpose = if user.is_registration { Purpose::ResendVerification } else { Purpose::ResetPassword };
    mailed(write, may_be_mailed, purpose, user.id).await?;
    Ok(Some(user.id))
}

/// An account that waits for its verification link to be used.
pub struct Unverified {
    pub email: String,
    pub username: String,
}

/// Returns the account that the token would verify, without using the token; `None` for any other token.
///
/// # Errors
/// 503 when the database is away.
pub async fn unverified(read: &mut Read, token: &str) -> Result<Option<Unverified>> {
    let now = read.now();
    Ok(sqlx::query_as!(
        Unverified,
        "SELECT u.email, u.username FROM email_verification_tokens t JOIN users u ON u.id = t.user_id
         WHERE t.token = $1 AND t.expires_at > $2 AND NOT u.is_email_verified AND u.deleted_at IS NULL",
        secret_token::hash(token),
        now,
    )
    .fetch_optional(read.connection())
    .await?)
}

/// Verifies the email for which this token was sent, and sets the password when one comes with it. All links of the
/// account end. Returns `None` when the token verifies nothing: of many calls at once one succeeds.
///
/// # Errors
/// 409 when the address was registered more than once and no password came with the token, which is not spent by that.
pub async fn verify_email(write: &mut Write, token: &str, password_hash: Option<&str>) -> Result<Option<UserId>> {
    let now = write.now();
    let found = sqlx::query!(
        r#"SELECT u.id AS "id: UserId", u.is_contested FROM email_verification_tokens t JOIN users u ON u.id = t.user_id
           WHERE t.token = $1 AND t.expires_at > $2 AND NOT u.is_email_verified AND u.deleted_at IS NULL
           FOR NO KEY UPDATE OF u"#,
        secret_token::hash(token),
        now,
    )
    .fetch_optional(write.connection())
    .await?;
    let Some(account) = found else { return Ok(None) };
    if account.is_contested && password_hash.is_none() {
        let detail = "This address was registered more than once. Choose the password of your account now.";
        return Err(Error::problem(&problem::PASSWORD_REQUIRED, detail));
    }
    sqlx::query!(
        "UPDATE users SET is_email_verified = true, is_contested = false, password_hash = coalesce($2, password_hash)
         WHERE id = $1",
        account.id.0,
        password_hash,
    )
    .execute(write.connection())
    .await?;
    links::end_verification_links(write, account.id).await?;
    links::end_password_links(write, account.id).await?;
    Ok(Some(account.id))
}

/// Returns whether an unverified registration has this email.
pub(super) async fn has(write: &mut Write, email: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users u WHERE email = $1 AND is_unverified_registration(u)) AS "has!""#,
        email
    )
    .fetch_one(write.connection())
    .await?)
}

/// Erases the unverified registration that has this email, if there is one. Returns its id.
pub(super) async fn make_way(write: &mut Write, email: &str) -> Result<Option<UserId>> {
    let registration = sqlx::query_scalar!(
        r#"SELECT id AS "id: UserId" FROM users u WHERE email = $1 AND is_unverified_registration(u) FOR NO KEY UPDATE"#,
        email
    )
    .fetch_optional(write.connection())
    .await?;
    if let Some(registration) = registration {
        closing::erase(write, registration).await?;
    }
    Ok(registration)
}
