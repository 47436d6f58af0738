//! A user, as that user sees themselves.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::id::UserId;
use crate::transaction::Read;

#[derive(Debug, Serialize, ToSchema)]
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
