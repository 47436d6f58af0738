//! What administrators do to users. Nobody acts on somebody who may do more than they.

use super::{User, get, select_user};
use crate::audit::Changes;
use crate::error::{Error, Fault, Result};
use crate::id::{RoleId, UserId};
use crate::identity::password::NO_PASSWORD;
use crate::identity::{Email, Username, administrators, closing, profile, registration, roles, sessions, username};
use crate::input::{Change, Clearable, Text};
use crate::outbox::{self, Purpose};
use crate::problem;
use crate::transaction::Write;
use crate::{fields, optional_fields};

fields! {
    /// A new user, who is invited by mail to choose a password.
    pub struct NewUser {
        email: Email,
        username: Username,
        first_name: Text<1, 255>,
        last_name: Text<1, 255>,
    }
    optional {
        /// A role's name; `student` unless told. Another takes `users:assign_role`.
        role: Text<1, 50>,
    }
}

optional_fields! {
    pub struct UserChanges {
        username: Change<Username>,
        first_name: Change<Text<1, 255>>,
        last_name: Change<Text<1, 255>>,
        bio: Clearable<Text<0, 10000>>,
        /// `false` suspends the user.
        is_active: Change<bool>,
    }
}

optional_fields! {
    /// The new role, by its id or by its name.
    pub struct RoleChoice {
        role_id: Option<RoleId>,
        role: Option<Text<1, 50>>,
    }
}

/// A user whom the caller may act on, locked for the rest of the write. Only [`managed`] makes it.
pub struct ManagedUser {
    user: User,
    /// Whether the user could do everything.
    administers: bool,
}

impl std::ops::Deref for ManagedUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

/// The user, to be acted on.
///
/// # Errors
/// 404; 403 when the user may do what the caller may not.
pub async fn managed(write: &mut Write, id: UserId, deleted: bool) -> Result<ManagedUser> {
    let user =
        select_user!("WHERE u.id = $1 AND (u.deleted_at IS NOT NULL) = $2 FOR NO KEY UPDATE OF u", id.0, deleted)
            .fetch_optional(write.connection())
            .await?
            .ok_or_else(|| Error::not_found("user"))?;
    let role = roles::get(write, user.role_id).await?;
    write.caller().needs_all(role.permissions.iter().map(String::as_str))?;
    Ok(ManagedUser { user, administers: role.administers() })
}

/// Invites a person: makes an account without a password, and mails a link to set it. An unverified registration of the
/// email makes way: it is erased, and its id returned beside the user.
///
/// # Errors
/// 409 when the email or the username is taken; 403 for a role that may do what the caller may not; 422 when there is
/// no such role.
pub async fn create(write: &mut Write, new: NewUser) -> Result<(User, Option<UserId>)> {
    let role = roles::named(write, new.role.as_ref().map_or("student", Text::as_str), "/role").await?;
    write.caller().needs_all(role.permissions.iter().map(String::as_str))?;
    let now = write.now();
    let id = UserId::new(now);
    let erased = registration::make_way(write, new.email.as_str()).await?;
    profile::check_username_is_free(write, new.username.as_str(), new.email.as_str()).await?;
    sqlx::query!(
        "INSERT INTO users (id, email, username, normalized_username, password_hash, first_name, last_name, role_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id.0,
        new.email.as_str(),
        new.username.as_str(),
        new.username.normalized(),
        NO_PASSWORD,
        new.first_name.as_str(),
        new.last_name.as_str(),
        role.id.0,
        now,
    )
    .execute(write.connection())
    .await?;
    outbox::put(write, Purpose::ResetPassword, id).await?;
    Ok((get(write, id, false).await?, erased))
}

/// Makes the first administrator, for a command on the machine. The email counts as verified, since the person who
/// operates the database vouches for it; an unverified registration of it makes way.
///
/// # Errors
/// 409 when the email or the username is taken.
pub async fn create_administrator(write: &mut Write, email: &Email, username: &Username) -> Result<UserId> {
    let role = roles::named(write, "admin", "").await?;
    let now = write.now();
    let id = UserId::new(now);
    registration::make_way(write, email.as_str()).await?;
    sqlx::query!(
        "INSERT INTO users (id, email, username, normalized_username, password_hash, first_name, last_name, role_id, is_email_verified, created_at)
         VALUES ($1, $2, $3, $4, $5, 'First', 'Administrator', $6, true, $7)",
        id.0,
        email.as_str(),
        username.as_str(),
        username.normalized(),
        NO_PASSWORD,
        role.id.0,
        now,
    )
    .execute(write.connection())
    .await?;
    Ok(id)
}

/// The same, by a mail with the link to choose the password.
///
/// # Errors
/// 409 when the email or the username is taken.
pub async fn invite_administrator(write: &mut Write, email: &Email, username: &Username) -> Result<UserId> {
    let id = create_administrator(write, email, username).await?;
    outbox::put(write, Purpose::ResetPassword, id).await?;
    Ok(id)
}

/// # Errors
/// 409 when the username is taken, or nobody would be left who may do everything.
pub async fn update(write: &mut Write, before: &ManagedUser, changes: UserChanges) -> Result<(User, Changes)> {
    let mut after = before.user.clone();
    changes.username.apply_with(&mut after.username, |username| username.as_str().to_owned());
    changes.first_name.apply(&mut after.first_name);
    changes.last_name.apply(&mut after.last_name);
    changes.bio.apply(&mut after.bio);
    changes.is_active.apply(&mut after.is_active);
    let changed = Changes::between(&before.user, &after)?;
    if changed.is_empty() {
        return Ok((after, changed));
    }
    if after.username != before.username {
        profile::check_username_is_free(write, &after.username, &after.email).await?;
    }
    sqlx::query!(
        "UPDATE users SET first_name = $2, last_name = $3, bio = $4, is_active = $5 WHERE id = $1",
        after.id.0,
        after.first_name,
        after.last_name,
        after.bio,
        after.is_active,
    )
    .execute(write.connection())
    .await?;
    if before.is_active && !after.is_active {
        if before.administers {
            administrators::keep_one(write).await?;
        }
        sessions::end_all(write, after.id, None).await?;
    }
    if after.username != before.username {
        // Last, since it locks the account against everything that refers to it.
        sqlx::query!(
            "UPDATE users SET username = $2, normalized_username = $3 WHERE id = $1",
            after.id.0,
            after.username,
            username::normalized(&after.username),
        )
        .execute(write.connection())
        .await?;
    }
    Ok((get(write, after.id, false).await?, changed))
}

/// Gives the user another role, which takes effect at the user's next call.
///
/// # Errors
/// 403 for a role that may do what the caller may not; 409 when nobody would be left who may do everything, and for an
/// unverified registration (a trigger of the table refuses that); 422 when there is no such role.
pub async fn assign_role(write: &mut Write, before: &ManagedUser, choice: &RoleChoice) -> Result<(User, Changes)> {
    let role = match (choice.role_id, &choice.role) {
        (Some(id), None) => roles::with_id(write, id, "/role_id").await?,
        (None, Some(name)) => roles::named(write, name.as_str(), "/role").await?,
        _ => {
            let detail = "Name the new role, by `role_id` or by `role`.";
            return Err(Error::invalid(Fault::at("/role_id", "required", detail)));
        }
    };
    write.caller().needs_all(role.permissions.iter().map(String::as_str))?;
    sqlx::query!("UPDATE users SET role_id = $2 WHERE id = $1 AND role_id <> $2", before.id.0, role.id.0)
        .execute(write.connection())
        .await?;
    if before.administers {
        administrators::keep_one(write).await?;
    }
    let after = get(write, before.id, false).await?;
    let changed = Changes::between(&before.user, &after)?;
    Ok((after, changed))
}

/// Closes the account.
///
/// # Errors
/// 409 for the last administrator.
pub async fn delete(write: &mut Write, user: &ManagedUser) -> Result<()> {
    closing::close(write, user.id).await
}

/// Opens a closed account again, with its password and its role.
///
/// # Errors
/// 409 when it is not closed, or is erased; 404; 403 when the user may do what the caller may not.
pub async fn restore(write: &mut Write, id: UserId) -> Result<User> {
    let erased = sqlx::query_scalar!(
        r#"SELECT (CASE WHEN deleted_at IS NOT NULL THEN erased_at IS NOT NULL END) AS erased FROM users WHERE id = $1
           FOR NO KEY UPDATE"#,
        id.0
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(|| Error::not_found("user"))?;
    match erased {
        None => return Err(Error::problem(&problem::USER_NOT_DELETED, "The account is not closed.")),
        Some(true) => return Err(Error::problem(&problem::USER_ERASED, "What was personal of it is erased for good.")),
        Some(false) => {}
    }
    let user = managed(write, id, true).await?;
    sqlx::query!("UPDATE users SET deleted_at = NULL WHERE id = $1", user.id.0).execute(write.connection()).await?;
    get(write, id, false).await
}
