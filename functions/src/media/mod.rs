//! Files, from an author's disk to a learner's screen.

pub(crate) mod cleanup;
pub mod get;
pub mod ingest;
pub mod uploads;

use crate::Domain;

pub const DOMAIN: Domain = Domain {
    folder: "media",
    name: "Media",
    about: "Videos, documents and pictures: asking for an upload, sending the file straight to the bucket, and watching or downloading it.",
    functions: functions![uploads, get, ingest],
};
