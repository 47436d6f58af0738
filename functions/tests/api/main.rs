//! The API, called as a frontend calls it: through real Lambda events, against a real database of each test's own.
//! A module an operation, in the folders of `functions/src`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, clippy::too_many_lines, reason = "a test reads better whole")]

mod harness;

mod catalog {
    mod categories;
    mod course_lifecycle;
    mod courses;
    mod courses_list;
    mod duplicate;
    mod filters;
    mod lesson_editing;
    mod lessons;
    mod prerequisites;
    mod search;
    mod sections;
    mod tags;
}
mod identity {
    mod deliver_mail;
    mod jwks;
    mod login;
    mod profile;
    mod register;
    mod verify_email;
}
mod learning {
    mod complete_lesson;
    mod dropping;
    mod enroll;
    mod enrollments;
    mod races;
}
mod operating {
    mod health;
    mod not_found;
    mod openapi;
}

mod cache;
mod cargo_lambda;
mod idempotency;
mod journey;
mod media;
mod plans;
mod schema;
mod seed;
mod structure;
