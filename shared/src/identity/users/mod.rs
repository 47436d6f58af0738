//! Users, as administrators see and change them.

mod listing;
mod managing;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::id::{RoleId, UserId};
use crate::transaction::Read;

pub use listing::{Filter, list};
pub use managing::{
    ManagedUser, NewUser, RoleChoice, UserChanges, assign_role, create, create_administrator, delete,
    invite_administrator, managed, restore, update,
};

#[derive(Debug, Clone, Serialize, ToSchema, FromRow)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub username: String,
    pub first_name: String,
    pub last_name: String,
    pub profile_picture_url: Option<String>,
    pub bio: Option<String>,
    pub role_id: RoleId,
    /// The role's name.
    pub role: String,
    pub is_email_verified: bool,
    /// Without it the user is suspended: signed out, and unable to sign in.
    pub is_active: bool,
    pub last_login: Option<DateTime<Utc>>,
    /// When the account was closed.
    pub deleted_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

macro_rules! select_user {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            User,
            r#"SELECT u.id AS "id: UserId", u.email, u.username, u.first_name, u.last_name, u.profile_picture_url, u.bio,
                 u.role_id AS "role_id: RoleId", r.name AS role, u.is_email_verified, u.is_active, u.last_login,
                 u.deleted_at, u.created_at, u.updated_at
               FROM users u JOIN roles r ON r.id = u.role_id "# + $tail
            $(, $argument)*
        )
    };
}
use select_user;

/// A user; a closed account only when it is asked for.
///
/// # Errors
/// 404.
pub async fn get(read: &mut Read, id: UserId, deleted: bool) -> Result<User> {
    select_user!("WHERE u.id = $1 AND (u.deleted_at IS NOT NULL) = $2", id.0, deleted)
        .fetch_optional(read.connection())
        .await?
        .ok_or_else(|| Error::not_found("user"))
}
