//! Who calls, and what they may do.

use super::Permission;
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};

/// Who does something.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody that we know.
    Anonymous,
    /// A signed-in user, whose session was checked in this very call.
    User(SignedIn),
    /// The system itself: a queue's or a schedule's function.
    System,
}

/// A user with a session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub role: String,
    pub permissions: Vec<String>,
}

impl Caller {
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user.user_id),
            Self::Anonymous | Self::System => None,
        }
    }

    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::User(user) => Some(user.session_id),
            Self::Anonymous | Self::System => None,
        }
    }

    /// Whether the caller's role allows it. `*` allows everything.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::User(user) => user.permissions.iter().any(|held| held == "*" || held == permission.as_str()),
            Self::Anonymous | Self::System => false,
        }
    }

    /// Fails with 403 when the caller's role does not allow it.
    ///
    /// # Errors
    /// 403.
    pub fn needs(&self, permission: Permission) -> Result<()> {
        if self.may(permission) {
            return Ok(());
        }
        Err(Error::forbidden(format!("It takes the permission {}.", permission.as_str())))
    }

    /// Fails with 403 when the caller lacks one of these permissions. Call it with the permissions of a role that the
    /// caller gives or takes, and with those of a user that the caller changes, so that a caller can't grant a permission
    /// that they don't have (`docs/security.md`, 10).
    ///
    /// # Errors
    /// 403.
    pub fn needs_all<'a>(&self, permissions: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let held: &[String] = match self {
            Self::User(user) => &user.permissions,
            Self::System => return Ok(()),
            Self::Anonymous => &[],
        };
        let holds = |wanted: &str| held.iter().any(|one| one == "*" || one == wanted);
        let lacking: Vec<_> = permissions.into_iter().filter(|wanted| !holds(wanted)).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Error::forbidden(format!("It takes permissions that you don't hold yourself: {}.", lacking.join(", "))))
    }
}
