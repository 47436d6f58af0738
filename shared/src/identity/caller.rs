//! Who calls, and what they may do.

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

/// What a role can allow beyond what everyone may do with their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    CategoriesWrite,
    CoursesCreate,
    CoursesUpdateAny,
    EnrollmentsReadAny,
}

impl Permission {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CategoriesWrite => "categories:write",
            Self::CoursesCreate => "courses:create",
            Self::CoursesUpdateAny => "courses:update:any",
            Self::EnrollmentsReadAny => "enrollments:read:any",
        }
    }
}

impl Caller {
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user.user_id),
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
}
