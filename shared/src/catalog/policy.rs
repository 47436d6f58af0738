//! Who may see a course, and who edits it (`docs/semantics.md`, Courses). Whatever reads one course asks here; a statement that
//! looks at many says the same as `is_listed`, which is the schema's, and `IN (instructor_id, created_by)`.

use super::courses::{CourseStatus, Visibility};
use crate::id::UserId;
use crate::identity::{Caller, Permission};

/// What decides how a caller stands to a course.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub status: CourseStatus,
    pub visibility: Visibility,
    pub instructor_id: UserId,
    pub created_by: UserId,
    /// Whether the caller is enrolled in it, and has not dropped it.
    pub enrolled: bool,
}

impl Standing {
    /// Its instructor, its creator, and whoever may edit any course.
    pub fn staff(&self, caller: &Caller) -> bool {
        caller.may(Permission::CoursesUpdateAny)
            || caller.user_id().is_some_and(|user| user == self.instructor_id || user == self.created_by)
    }

    pub fn visible(&self, caller: &Caller) -> bool {
        self.staff(caller)
            || match (self.status, self.visibility) {
                (CourseStatus::Draft, _) => false,
                (CourseStatus::Published, Visibility::Public | Visibility::Restricted) => true,
                (CourseStatus::Published, Visibility::Private) | (CourseStatus::Archived, _) => self.enrolled,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_course_is_visible_by_its_status_visibility_and_enrolment() {
        let somebody = UserId::new(DateTime::UNIX_EPOCH);
        let standing = |status, visibility, enrolled| Standing {
            status,
            visibility,
            instructor_id: somebody,
            created_by: somebody,
            enrolled,
        };
        let (draft, published, archived) = (CourseStatus::Draft, CourseStatus::Published, CourseStatus::Archived);
        for (status, visibility, enrolled, visible) in [
            (draft, Visibility::Public, true, false),
            (published, Visibility::Public, false, true),
            (published, Visibility::Restricted, false, true),
            (published, Visibility::Private, false, false),
            (published, Visibility::Private, true, true),
            (archived, Visibility::Public, false, false),
            (archived, Visibility::Public, true, true),
        ] {
            let seen = standing(status, visibility, enrolled).visible(&Caller::Anonymous);
            assert_eq!(seen, visible, "{status:?} {visibility:?} enrolled={enrolled}");
        }
    }
}
