//! The API, called as a frontend calls it: through real Lambda events, against a real database of each test's own.
//! A module an operation, in the folders of `functions/src`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, clippy::too_many_lines, reason = "a test reads better whole")]

mod harness;

mod catalog {
    mod categories;
    mod category_deletion;
    mod course_lifecycle;
    mod courses;
    mod courses_list;
    mod display_order;
    mod duplicate;
    mod filters;
    mod hidden_slugs;
    mod instructor_names;
    mod lesson_editing;
    mod lesson_links;
    mod lesson_markdown;
    mod lessons;
    mod prerequisites;
    pub mod search;
    mod search_bounds;
    mod sections;
    mod spellings;
    mod tags;
}
mod database {
    mod audit_partitions;
    mod folding;
    mod iam;
    mod pooler;
    mod waking;
}
mod identity {
    mod account_oracles;
    mod appoint_administrator;
    mod audit_logs;
    mod closing;
    mod credentials;
    mod deliver_mail;
    mod export;
    mod forgot_password;
    mod former_passwords;
    mod identifiers;
    mod jwks;
    mod letters;
    mod login;
    mod logout;
    mod mail_faults;
    mod profile;
    mod refresh;
    mod register;
    mod registered_twice;
    mod resend_verification;
    mod reset_password;
    mod roles;
    mod rotate_keys;
    mod sessions;
    mod users;
    mod users_list;
    mod verify_email;
}
mod jobs {
    mod counters;
    mod counters_under_load;
    mod running;
    mod waking;
}
mod learning {
    mod admission;
    mod complete_lesson;
    mod dropping;
    mod edits_under_way;
    mod enroll;
    mod enrollments;
    mod import;
    mod import_files;
    mod races;
    mod recompute_progress;
    mod replica;
    mod reports;
    mod roster;
    mod unreachable_prerequisites;
}
mod limits {
    mod calls;
    mod cluster;
    mod edge;
    mod guesses;
    mod lockout;
    mod mails;
    mod outage;
    mod settings;
}
mod lock_order {
    mod at_random;
    mod circles;
}
mod media {
    mod cancel;
    mod checks;
    mod cleanup;
    mod complete;
    mod create;
    pub mod event_order;
    mod form_reuse;
    mod get;
    pub mod harness;
    pub mod hostile;
    mod images;
    mod ingest;
    mod lesson_media;
    mod movies;
    mod mutations;
    mod quotas;
    mod real_files;
    mod remove_files;
    pub mod samples;
    mod second_s3;
    mod sign_parts;
    mod storage_faults;
    mod storage_unavailable;
}
mod operating {
    mod admin_database;
    mod health;
    mod log;
    mod maintain;
    mod migrate;
    mod not_found;
    mod openapi;
}
mod security {
    mod account_enumeration;
    mod authorization;
    mod body_fields;
    mod body_limits;
    mod credential_changes;
    mod database_role;
    mod downloads;
    mod emailed_tokens;
    mod error_details;
    mod forged_tokens;
    mod forgery;
    mod hidden_data;
    mod immediate_revocation;
    mod links_in_mails;
    mod malware_scan;
    mod matrix;
    mod privilege_escalation;
    mod refresh_tokens;
    mod response_headers;
    mod served_files;
    mod signed_uploads;
    mod storage_events;
    mod unpublished_lessons;
    mod world;
}

mod answer_sizes;
mod cache;
mod cargo_lambda;
mod idempotency;
mod journey;
mod one_connection;
mod plans;
mod schema;
mod seed;
mod simulated_aws;
mod structure;
