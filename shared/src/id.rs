//! Typed ids, so that a lesson's id can't be passed where a course's id is expected.

use std::sync::{Mutex, PoisonError};

use uuid::ContextV7;

/// Defines an id type: a UUID version 7, stored and serialized as a plain UUID.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident = $resource:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub(crate) uuid::Uuid);

        impl $name {
            /// Creates an id that sorts after all that this process created before.
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

/// The common interface of ids.
pub trait Id: Copy {
    /// The name of the resource, as in `audit_logs.resource_type`.
    const RESOURCE: &'static str;

    fn uuid(self) -> uuid::Uuid;
}

/// Creates a UUID version 7 (RFC 9562, section 5.7) from the injected clock and the system's random generator. It
/// sorts after all that this process created at the same time.
pub(crate) fn uuid_at(now: chrono::DateTime<chrono::Utc>) -> uuid::Uuid {
    static COUNTER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let counter = COUNTER.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(&*counter, seconds, now.timestamp_subsec_nanos()))
}

/// An id of any resource, for inputs where another field names the resource.
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
