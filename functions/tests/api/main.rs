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
    mod mails;
    mod outage;
    mod settings;
    mod under_attack;
}
mod media {
    pub mod arrivals;
    mod ask;
    mod complete;
    mod form_reuse;
    mod get;
    mod give_up;
    pub mod harness;
    pub mod hostile;
    mod images;
    mod ingest;
    mod judging;
    mod movies;
    mod mutations;
    mod quotas;
    mod real_files;
    mod remove_files;
    pub mod samples;
    mod second_s3;
    mod sign_parts;
    mod storage_away;
    mod storage_faults;
    mod tidying;
    mod watch;
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
    mod forgery;
    mod line_01_unknown_wrong_and_suspended_are_alike;
    mod line_03_links;
    mod line_04_resets_and_changes;
    mod line_05_links_are_configuration;
    mod line_06_forged_tokens;
    mod line_07_refresh_tokens;
    mod line_08_felt_by_the_next_call;
    mod line_09_matrix;
    mod line_10_no_escalation;
    mod line_11_nothing_told;
    mod line_12_unpublished;
    mod line_13_fields;
    mod line_14_sizes;
    mod line_15_headers;
    mod line_16_faults;
    mod line_17_database_role;
    mod line_18_what_was_signed;
    mod line_19_what_was_checked_is_served;
    mod line_20_downloads;
    mod line_21_scan;
    mod line_22_events;
    mod matrix;
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
