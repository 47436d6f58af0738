//! Effects outside the database, as rows of the transaction that causes them (`docs/security.md`, 24).
//!
//! A row names a purpose and a user and holds no secret. The message that wakes its reader is empty and
//! best-effort; a schedule sweeps what it missed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Error, Result};
use crate::id::{MailId, UserId};
use crate::input::text_enum;
use crate::jobs::{MOST_ATTEMPTS, backoff};
use crate::transaction::{Read, Write};

/// For how long a run has the row to itself.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// The longest that may be set for an attempt, in seconds: its outcome is to be noted under the lease, too.
pub(crate) const LONGEST_ATTEMPT: u32 = 20;

text_enum! {
    /// Why a mail is sent. Its texts are in `mail`.
    Purpose {
        VerifyEmail = "verify-email",
        ResendVerification = "resend-verification",
        EmailTaken = "email-taken",
        ResetPassword = "reset-password",
        PasswordChanged = "password-changed",
        VerifyNewEmail = "verify-new-email",
        EmailChangeAsked = "email-change-asked",
        AccountClosed = "account-closed",
    }
}

/// A mail that is due, taken by this run.
#[derive(Debug)]
pub struct Due {
    pub id: MailId,
    /// A [`Purpose`], or one of a newer version, which fails for itself and stops no other.
    pub purpose: String,
    pub user_id: UserId,
    /// Where it is not the user's own address of now.
    pub recipient: Option<String>,
    /// Whether it is not sent.
    pub is_withheld: bool,
    pub attempts: i32,
}

/// Puts a mail to a user into the outbox; it is sent after the commit.
pub(crate) async fn put(write: &mut Write, purpose: Purpose, user: UserId) -> Result<()> {
    put_to(write, purpose, user, None).await
}

/// Puts a mail into the outbox that goes to that address, whatever the user's will be by then.
pub(crate) async fn put_to(write: &mut Write, purpose: Purpose, user: UserId, recipient: Option<&str>) -> Result<()> {
    put_row(write, purpose, user, recipient, false).await
}

/// Puts a mail into the outbox that is not sent, since its recipient gets too many: its row looks like any other to the
/// user who caused it, and ends like any other.
pub(crate) async fn put_withheld(write: &mut Write, purpose: Purpose, user: UserId, recipient: &str) -> Result<()> {
    put_row(write, purpose, user, Some(recipient), true).await
}

async fn put_row(
    write: &mut Write,
    purpose: Purpose,
    user: UserId,
    recipient: Option<&str>,
    is_withheld: bool,
) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "INSERT INTO outbox (id, purpose, user_id, recipient, is_withheld, due_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        MailId::new(now).0,
        purpose.as_str(),
        user.0,
        recipient,
        is_withheld,
        now,
    )
    .execute(write.connection())
    .await?;
    write.wake_outbox();
    Ok(())
}

/// Takes the mail that has been due longest, for the time of the lease; none when nothing is due.
/// Two runs at once take different ones.
///
/// # Errors
/// Those of the database.
pub async fn take(write: &mut Write) -> Result<Option<Due>> {
    let now = write.now();
    Ok(sqlx::query_as!(
        Due,
        r#"UPDATE outbox SET attempts = attempts + 1, due_at = $2
           WHERE id = (
             SELECT id FROM outbox
             WHERE due_at <= $1 AND delivered_at IS NULL AND dead_at IS NULL
             ORDER BY due_at, id LIMIT 1
             FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: MailId", purpose, user_id AS "user_id: UserId", recipient, is_withheld, attempts"#,
        now,
        now + LEASE,
    )
    .fetch_optional(write.connection())
    .await?)
}

impl Due {
    /// Why it is sent.
    ///
    /// # Errors
    /// When this version does not know.
    pub fn purpose(&self) -> Result<Purpose> {
        Purpose::ALL
            .iter()
            .copied()
            .find(|purpose| purpose.as_str() == self.purpose)
            .ok_or_else(|| Error::internal(format!("nobody here knows the purpose {}", self.purpose)))
    }

    /// Demands that there were not too many attempts: those that ended without a word (a crash, a timeout) count too.
    ///
    /// # Errors
    /// When there were.
    pub fn may_be_tried(&self) -> Result<()> {
        if self.attempts <= MOST_ATTEMPTS {
            return Ok(());
        }
        Err(Error::internal("the attempts before this one ended without a word"))
    }
}

/// Notes that the mail was handed over, whatever a later attempt says of it.
///
/// # Errors
/// Those of the database.
pub async fn delivered(write: &mut Write, due: &Due) -> Result<()> {
    let now = write.now();
    sqlx::query!(
        "UPDATE outbox SET delivered_at = $2, dead_at = NULL, last_error = NULL WHERE id = $1 AND delivered_at IS NULL",
        due.id.0,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Notes that the attempt failed, and when the next one is due; after the fifth it is given up. One whose lease has
/// ended has no say any more where another was begun, or has delivered the mail.
///
/// # Errors
/// Those of the database.
pub async fn failed(write: &mut Write, due: &Due, error: &str) -> Result<()> {
    let now = write.now();
    let dead_at = (due.attempts >= MOST_ATTEMPTS).then_some(now);
    sqlx::query!(
        "UPDATE outbox SET due_at = $2, dead_at = $3, last_error = $4
         WHERE id = $1 AND attempts = $5 AND delivered_at IS NULL",
        due.id.0,
        now + backoff(due.attempts)?,
        dead_at,
        error,
        due.attempts,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// When the next mail is due; none when none waits.
///
/// # Errors
/// Those of the database.
pub async fn next_due(read: &mut Read) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("SELECT min(due_at) FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL")
        .fetch_one(read.connection())
        .await?)
}

/// Makes what was given up due again, with five attempts more. Tells how many.
///
/// # Errors
/// Those of the database.
pub async fn redrive(write: &mut Write) -> Result<u64> {
    let now = write.now();
    let redriven =
        sqlx::query!("UPDATE outbox SET dead_at = NULL, attempts = 0, due_at = $1 WHERE dead_at IS NOT NULL", now)
            .execute(write.connection())
            .await?;
    Ok(redriven.rows_affected())
}
