//! The on-failure queue: a folder with one file an event, as Lambda's destination gets them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::event;

/// The events of one function.
#[derive(Debug, Clone)]
pub struct Failures {
    folder: PathBuf,
}

/// An event that failed three times.
#[derive(Debug)]
pub struct Failure {
    path: PathBuf,
    record: Value,
}

impl Failure {
    /// What the function got.
    #[must_use]
    pub fn event(&self) -> Value {
        self.record["requestPayload"].clone()
    }

    /// The key of the object that it tells of.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        self.record["requestPayload"]["detail"]["object"]["key"].as_str().map(ToOwned::to_owned)
    }
}

impl Failures {
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Keeps an event, whole or not at all.
    pub(super) fn keep(&self, function: &str, event: &Value, error: &anyhow::Error, now: DateTime<Utc>) -> Result<()> {
        let record = event::failure(function, event, &format!("{error:#}"), now);
        let name = record["requestContext"]["requestId"].as_str().unwrap_or_default();
        fs::create_dir_all(&self.folder)?;
        let new = self.folder.join(format!("{name}.new"));
        fs::write(&new, serde_json::to_string_pretty(&record)?)?;
        fs::rename(new, self.folder.join(format!("{name}.json")))?;
        Ok(())
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// When a file can't be read, or is no failure.
    pub fn all(&self) -> Result<Vec<Failure>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()), // nothing failed yet
            entries => entries?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort(); // their names are ids, which rise with time
        let read = |path: PathBuf| {
            let record = serde_json::from_slice(&fs::read(&path)?);
            let record = record.with_context(|| format!("{} is broken", path.display()))?;
            Ok(Failure { path, record })
        };
        paths.into_iter().map(read).collect()
    }

    pub(super) fn forget(&self, failure: &Failure) -> Result<()> {
        fs::remove_file(&failure.path).with_context(|| format!("in {}", self.folder.display()))
    }
}
