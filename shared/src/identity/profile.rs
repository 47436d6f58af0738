//! A user, as that user sees themselves.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Username, username};
use crate::audit::Changes;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::input::{Change, Clearable, Text};
use crate::optional_fields;
use crate::problem;
use crate::transaction::{Read, Write};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Profile {
    pub id: UserId,
    pub email: String,
    pub username: String,
    pub first_name: String,
    pub last_name: String,
    pub profile_picture_url: Option<String>,
    pub bio: Option<String>,
    pub role: String,
    /// What the role allows; `*` is everything.
    pub permissions: Vec<String>,
    pub is_email_verified: bool,
    pub last_login: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The profile of that user.
///
/// # Errors
/// 404 when there is no such user (any more).
pub async fn profile(read: &mut Read, user: UserId) -> Result<Profile> {
    sqlx::query_as!(
        Profile,
        r#"SELECT u.id AS "id: UserId", u.email, u.username, u.first_name, u.last_name, u.profile_picture_url, u.bio,
             r.name AS role, ARRAY(SELECT jsonb_array_elements_text(r.permissions)) AS "permissions!",
             u.is_email_verified, u.last_login, u.created_at, u.updated_at
           FROM users u JOIN roles r ON r.id = u.role_id
           WHERE u.id = $1 AND u.deleted_at IS NULL"#,
        user.0,
    )
    .fetch_optional(read.connection())
    .await?
    .ok_or_else(|| Error::not_found("user"))
}

optional_fields! {
    pub struct ProfileChanges {
        first_name: Change<Text<1, 255>>,
        last_name: Change<Text<1, 255>>,
        username: Change<Username>,
        bio: Clearable<Text<0, 10000>>,
    }
}

/// Changes the caller's own profile.
///
/// # Errors
/// 409 when the username is taken.
pub async fn update(write: &mut Write, changes: ProfileChanges) -> Result<(Profile, Changes)> {
    let user = write.user()?;
    sqlx::query!("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user.0).execute(write.connection()).await?;
    let before = profile(write, user).await?;
    let mut after = before.clone();
    changes.first_name.apply(&mut after.first_name);
    changes.last_name.apply(&mut after.last_name);
    changes.username.apply_with(&mut after.username, |username| username.as_str().to_owned());
    changes.bio.apply(&mut after.bio);
    let changed = Changes::between(&before, &after)?;
    if changed.is_empty() {
        return Ok((before, changed));
    }
    if after.username != before.username {
        check_username_is_free(write, &after.username, &after.email).await?;
    }
    sqlx::query!(
        "UPDATE users SET first_name = $2, last_name = $3, username = $4, normalized_username = $5, bio = $6 WHERE id = $1",
        user.0,
        after.first_name,
        after.last_name,
        after.username,
        username::normalized(&after.username),
        after.bio,
    )
    .execute(write.connection())
    .await?;
    Ok((profile(write, user).await?, changed))
}

/// Fails with 409 when an account or a registration with another email has the username. The table's constraint refuses one that
/// is taken after this check; without the check, two people who exchange their usernames would wait for each other there.
pub(super) async fn check_username_is_free(write: &mut Write, username: &str, email: &str) -> Result<()> {
    let taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM users WHERE normalized_username = $1 AND email <> $2)
             OR EXISTS (SELECT FROM username_holds WHERE normalized_username = $1 AND email <> $2) AS "taken!""#,
        username::normalized(username),
        email
    )
    .fetch_one(write.connection())
    .await?;
    if taken {
        return Err(Error::problem(&problem::USERNAME_TAKEN, "This username is taken; choose another."));
    }
    Ok(())
}
