//! What a role can allow beyond what everyone may do with their own.

use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{Invalid, from_text};

macro_rules! permissions {
    ($($variant:ident = $text:literal, $meaning:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Permission { $($variant),* }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// `resource:action`, or `resource:action:any` where it reaches beyond one's own.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// What it allows, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }

        from_text!(Grant, { "type": "string", "enum": ["*", $($text),*] }, |text| match text {
            "*" => Ok(Grant("*")),
            $($text => Ok(Grant($text)),)*
            _ => Err(Invalid::new("unknown_permission", "There is no such permission; GET /v1/permissions lists them.")),
        });
    };
}

permissions! {
    CategoriesWrite = "categories:write", "Create, change, order and delete the categories of the catalogue.";
    CoursesCreate = "courses:create", "Create courses, and teach the courses that one created.";
    CoursesUpdateAny = "courses:update:any", "Change, publish, archive, delete and restore any course, and enrol learners in it, as its instructor may.";
    EnrollmentsReadAny = "enrollments:read:any", "See the learners of any course and how far each has come.";
    UsersRead = "users:read", "See and search all accounts, closed ones too.";
    UsersWrite = "users:write", "Invite people, change their names, suspend, close and restore their accounts. Answers show the accounts only together with users:read.";
    UsersAssignRole = "users:assign_role", "Give a user another role, of which one holds every permission oneself. Answers show the account only together with users:read.";
    RolesRead = "roles:read", "See the roles and what each allows.";
    RolesWrite = "roles:write", "Create, change and delete roles, within the permissions that one holds oneself.";
    AuditRead = "audit:read", "Read the audit log: who did what, when and from where.";
    SystemRead = "system:read", "See how the database fares: sizes, indexes, slow statements, what waits.";
}

/// What the sign for all permissions means.
const EVERYTHING: &str = "Everything: each permission that there is, and each that is added later.";

/// What a role is given: one permission, or `*` for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant(&'static str);

impl Grant {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// A permission, explained.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionInfo {
    pub permission: &'static str,
    /// What it allows, in a sentence.
    pub description: &'static str,
}

/// All that a role can be given.
#[must_use]
pub fn explained() -> Vec<PermissionInfo> {
    let each =
        Permission::ALL.iter().map(|one| PermissionInfo { permission: one.as_str(), description: one.meaning() });
    each.chain([PermissionInfo { permission: "*", description: EVERYTHING }]).collect()
}
