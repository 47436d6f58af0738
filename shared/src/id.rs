//! Ids as types, so that a lesson's id can't be passed for a course's.

use std::sync::{Mutex, PoisonError};

use uuid::ContextV7;

/// Makes an id type: UUID version 7, transparent to JSON and SQL.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident = $resource:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub(crate) uuid::Uuid);

        impl $name {
            /// A new one, which sorts after all that were made before.
            #[must_use]
            pub fn new(now: chrono::DateTime<chrono::Utc>) -> Self {
                Self($crate::id::uuid_at(now))
            }
        }

        impl $crate::id::Id for $name {
            const RESOURCE: &'static str = $resource;
            fn uuid(self) -> uuid::Uuid { self.0 }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }

        $crate::input::from_text!($name, { "type": "string", "format": "uuid" }, |text| {
            text.parse().map_err(|_| $crate::input::Invalid::new("invalid_id", "An id is a UUID."))
        });
        $crate::input::shown!($name);
    )*};
}

/// What all ids have.
pub trait Id: Copy {
    /// The kind of thing that it names, as in `audit_logs.resource_type`.
    const RESOURCE: &'static str;

    fn uuid(self) -> uuid::Uuid;
}

/// A UUID version 7 of this instant (RFC 9562, section 5.7), after all that this process made of the same one: the
/// injected clock gives the time, the system the random part.
pub(crate) fn uuid_at(now: chrono::DateTime<chrono::Utc>) -> uuid::Uuid {
    static COUNTER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let counter = COUNTER.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(&*counter, seconds, now.timestamp_subsec_nanos()))
}

/// An id of any kind, where the kind is another field's matter.
#[derive(Debug, Clone, Copy)]
pub struct AnyId(pub(crate) uuid::Uuid);

crate::input::from_text!(AnyId, { "type": "string", "format": "uuid" }, |text| {
    text.parse().map(AnyId).map_err(|_| crate::input::Invalid::new("invalid_id", "An id is a UUID."))
});

id! {
    UserId = "user";
    RoleId = "role";
    SessionId = "session";
    CategoryId = "category";
    CourseId = "course";
    SectionId = "section";
    LessonId = "lesson";
    EnrollmentId = "enrollment";
    CompletionId = "lesson_completion";
    DocumentId = "document";
    UploadId = "upload";
    MailId = "mail";
    JobId = "job";
}
