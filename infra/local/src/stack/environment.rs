//! The environment in which the functions of a running stack work, also outside of it (`cargo lambda`, a script).

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::Result;

use super::data_dir::DataDir;
use super::database::Database;
use crate::mailbox::Mailbox;
use crate::storage::Storage;

/// Variables, one a line as `KEY=value`. No value holds white space, so that a shell takes them as they are.
#[derive(Debug, Clone)]
pub struct Environment(BTreeMap<String, String>);

/// What whoever starts the stack may set for its functions.
fn is_passed_on(name: &str) -> bool {
    name == "REDIS_URL" || name.starts_with("LIMIT_") || name.starts_with("QUOTA_")
}

impl Environment {
    pub(super) fn new(
        url: &str,
        database: &Database,
        data_dir: &DataDir,
        storage: &Storage,
        mailbox: &Mailbox,
        bucket: &str,
        key_file: &Path,
    ) -> Result<Self> {
        let (access_key, secret_key) = data_dir.s3_credentials()?;
        let own = [
            ("LYCEUM_URL", url.to_owned()),
            ("DATABASE_URL", database.application_url.clone()),
            ("DATABASE_OWNER_URL", database.owner_url.clone()),
            ("DATABASE_MAX_CONNECTIONS", "16".to_owned()),
            ("FRONTEND_URL", format!("{url}/_local")),
            ("TOKEN_ISSUER", "lyceum".to_owned()),
            ("SIGNING_KEY_FILE", without_spaces(key_file)),
            ("MEDIA_BUCKET", bucket.to_owned()),
            ("AWS_ENDPOINT_URL_S3", storage.endpoint()),
            ("AWS_ACCESS_KEY_ID", access_key),
            ("AWS_SECRET_ACCESS_KEY", secret_key),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("SMTP_URL", mailbox.url()),
            ("MAIL_FROM", "no-reply@lyceum.test".to_owned()),
        ];
        let passed_on = std::env::vars().filter(|(name, _)| is_passed_on(name));
        Ok(Self(own.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(passed_on).collect()))
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// # Errors
    /// When the stack that is asked for doesn't run.
    pub fn of_running(data_dir: &Path) -> Result<Self> {
        let lines = DataDir::environment_of_running(data_dir)?;
        let pairs = lines.lines().filter_map(|line| line.split_once('='));
        Ok(Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// With another database, as its owner reaches it.
    #[must_use]
    pub fn of_database(url: &str) -> Self {
        Self(BTreeMap::from([("DATABASE_URL".to_owned(), url.to_owned())]))
    }
}

/// The path; of one with white space the part below the current folder, which a shell takes as one word, if that is
/// where it lies.
fn without_spaces(path: &Path) -> String {
    let full = path.display().to_string();
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(here) {
        Ok(below) if full.contains(char::is_whitespace) => below.display().to_string(),
        _ => full,
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| writeln!(f, "{name}={value}"))
    }
}
