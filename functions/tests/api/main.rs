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
    mod lesson_editing;
    mod lessons;
    mod sections;
}
mod identity {
    mod audit_logs;
    mod closing;
    mod deliver_mail;
    mod export;
    mod jwks;
    mod login;
    mod profile;
    mod register;
    mod roles;
    mod rotate_keys;
    mod users;
    mod users_list;
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
    mod maintain;
    mod not_found;
    mod openapi;
}
mod security {
    mod line_09_matrix;
    mod line_10_no_escalation;
    mod line_11_nothing_told;
    mod line_12_unpublished;
    mod line_13_fields;
    mod line_14_sizes;
    mod line_15_headers;
    mod line_16_faults;
    mod line_17_database_role;
    mod matrix;
    mod world;
}

mod cargo_lambda;
mod journey;
mod media;
mod schema;
mod structure;
