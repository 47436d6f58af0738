//! Roles: what their holders may do beyond what everyone may.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Grant, administrators};
use crate::audit::Changes;
use crate::error::{Error, Fault, Result};
use crate::id::RoleId;
use crate::input::{Change, Label};
use crate::page::{Page, Paging};
use crate::problem;
use crate::transaction::{Read, Write};
use crate::{fields, optional_fields};

/// The roles that the code itself names.
const BUILT_IN: [&str; 3] = ["admin", "instructor", "student"];

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    /// `GET /v1/permissions` explains each; `*` is everything.
    pub permissions: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fields! {
    pub struct NewRole {
        /// Differs from the names of all other roles in more than case and accents.
        name: Label<50>,
        permissions: Vec<Grant>,
    }
}

optional_fields! {
    pub struct RoleChanges {
        name: Change<Label<50>>,
        permissions: Change<Vec<Grant>>,
    }
}

impl Role {
    /// Whether its holders may do everything.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.permissions.iter().any(|permission| permission == "*")
    }

    fn needs_all_of(&self, write: &Write) -> Result<()> {
        write.caller().needs_all(self.permissions.iter().map(String::as_str))
    }
}

macro_rules! select_role {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Role,
            r#"SELECT id AS "id: RoleId", name, ARRAY(SELECT jsonb_array_elements_text(permissions)) AS "permissions!",
                 created_at, updated_at FROM roles "# + $tail
            $(, $argument)*
        )
    };
}

#[derive(Default, Serialize, Deserialize)]
struct Keys(#[serde(deserialize_with = "crate::page::text")] String);

/// A page of the roles, by name.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn list(read: &mut Read, paging: &Paging) -> Result<Page<Role>> {
    let Keys(name) = paging.after()?;
    let rows = select_role!("WHERE name > $1 ORDER BY name LIMIT $2", name, paging.limit.plus_one())
        .fetch_all(read.connection())
        .await?;
    Page::new(rows, paging.limit, |role| Keys(role.name.clone()))
}

/// # Errors
/// 404.
pub async fn get(read: &mut Read, id: RoleId) -> Result<Role> {
    select_role!("WHERE id = $1", id.0).fetch_optional(read.connection()).await?.ok_or_else(|| Error::not_found("role"))
}

/// Returns the role of that name, without regard to case and accents, as an input named it at `pointer`.
pub(super) async fn named(read: &mut Read, name: &str, pointer: &str) -> Result<Role> {
    let found = select_role!("WHERE folded(name) = folded($1)", name.trim()).fetch_optional(read.connection()).await?;
    found.ok_or_else(|| unknown(pointer))
}

/// The role of that id, as an input named it at `pointer`.
pub(super) async fn with_id(read: &mut Read, id: RoleId, pointer: &str) -> Result<Role> {
    let found = select_role!("WHERE id = $1", id.0).fetch_optional(read.connection()).await?;
    found.ok_or_else(|| unknown(pointer))
}

fn unknown(pointer: &str) -> Error {
    Error::invalid(Fault::at(pointer, "unknown_role", "There is no such role; GET /v1/roles lists them."))
}

/// # Errors
/// 403 for permissions that the caller lacks; 409 when the name is taken.
pub async fn create(write: &mut Write, new: &NewRole) -> Result<Role> {
    let now = write.now();
    let id = RoleId::new(now);
    let permissions = texts(&new.permissions);
    write.caller().needs_all(permissions.iter().copied())?;
    sqlx::query!(
        "INSERT INTO roles (id, name, permissions, created_at) VALUES ($1, $2, $3, $4)",
        id.0,
        new.name.as_str(),
        serde_json::json!(permissions),
        now
    )
    .execute(write.connection())
    .await?;
    get(write, id).await
}

/// Changes the role, which is felt by its holders at their very next call.
///
/// # Errors
/// 404; 403 when it allowed, or would allow, what the caller may not; 409 for the name of a built-in role or one that
/// is taken, and when nobody would be left who may do everything.
pub async fn update(write: &mut Write, id: RoleId, changes: RoleChanges) -> Result<(Role, Changes)> {
    let before = lock(write, id).await?;
    before.needs_all_of(write)?;
    let mut after = before.clone();
    changes.name.apply(&mut after.name);
    changes
        .permissions
        .apply_with(&mut after.permissions, |grants| texts(&grants).into_iter().map(ToOwned::to_owned).collect());
    after.needs_all_of(write)?;
    let changed = Changes::between(&before, &after)?;
    if changed.is_empty() {
        return Ok((before, changed));
    }
    if before.name != after.name {
        before.is_not_built_in()?;
        check_name_is_free(write, id, &after.name).await?;
    }
    sqlx::query!(
        "UPDATE roles SET name = $2, permissions = $3 WHERE id = $1",
        id.0,
        after.name,
        serde_json::json!(after.permissions)
    )
    .execute(write.connection())
    .await?;
    if before.administers() && !after.administers() {
        if before.name == "admin" {
            before.is_not_built_in()?;
        }
        administrators::keep_one(write).await?;
    }
    Ok((get(write, id).await?, changed))
}

/// # Errors
/// 404; 403 when it allows what the caller may not; 409 while users hold it, and for a built-in role.
pub async fn delete(write: &mut Write, id: RoleId) -> Result<Role> {
    let role = lock(write, id).await?;
    role.needs_all_of(write)?;
    role.is_not_built_in()?;
    sqlx::query!("DELETE FROM roles WHERE id = $1", id.0).execute(write.connection()).await?;
    Ok(role)
}

/// Fails with 409 when another role has the name. The table's constraint refuses one that is taken after this check; without the
/// check, two roles that exchange their names would wait for each other there.
async fn check_name_is_free(write: &mut Write, id: RoleId, name: &str) -> Result<()> {
    let taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM roles WHERE folded(name) = folded($1) AND id <> $2) AS "taken!""#,
        name,
        id.0
    )
    .fetch_one(write.connection())
    .await?;
    if taken {
        return Err(Error::problem(&problem::NAME_TAKEN, "Another role has this name; choose another."));
    }
    Ok(())
}

async fn lock(write: &mut Write, id: RoleId) -> Result<Role> {
    select_role!("WHERE id = $1 FOR NO KEY UPDATE", id.0)
        .fetch_optional(write.connection())
        .await?
        .ok_or_else(|| Error::not_found("role"))
}

impl Role {
    fn is_not_built_in(&self) -> Result<()> {
        if BUILT_IN.contains(&self.name.as_str()) {
            return Err(Error::problem(&problem::BUILT_IN_ROLE, format!("The role {} is built in.", self.name)));
        }
        Ok(())
    }
}

/// In the order given, each once.
fn texts(grants: &[Grant]) -> Vec<&'static str> {
    let mut texts = Vec::new();
    for grant in grants {
        if !texts.contains(&grant.as_str()) {
            texts.push(grant.as_str());
        }
    }
    texts
}
