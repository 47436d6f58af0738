//! Versions of editable objects, and conditional requests (RFC 9110, section 13).

use std::fmt;

use crate::audit::Changes;
use crate::error::{Error, Result};
use crate::problem;

/// The version of a course, section or lesson. As an entity tag: `"v3"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Version(pub i32);

impl Version {
    /// Returns the version after an edit: one more, unless nothing changed.
    #[must_use]
    pub fn after(self, changes: &Changes) -> Self {
        if changes.is_empty() { self } else { Self(self.0 + 1) }
    }

    /// Returns an entity tag that also holds a hash of the body: `"v3-5f0c"`.
    pub(crate) fn with(self, hash: &str) -> String {
        format!("\"v{}-{hash}\"", self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"v{}\"", self.0)
    }
}

/// The condition in an edit's `If-Match`.
#[derive(Debug, Clone)]
pub struct Precondition(Option<String>);

impl Precondition {
    pub(crate) fn from_header(if_match: Option<&str>) -> Self {
        Self(if_match.map(ToOwned::to_owned))
    }

    /// Checks that `If-Match` lists the current version, or is absent.
    ///
    /// # Errors
    /// 412 with the current version in the member `current`.
    pub fn check(&self, current: Version) -> Result<()> {
        let Some(header) = &self.0 else { return Ok(()) };
        let versions: Vec<_> = header.split(',').map(without_hash).collect();
        if lists(Some(&versions.join(",")), &current.to_string()) {
            return Ok(());
        }
        Err(Error::problem(
            &problem::PRECONDITION_FAILED,
            format!("The object has changed: its version is now {current}. Read it again first."),
        )
        .with("current", current.to_string()))
    }
}

/// Returns a tag without the hash of the body: `"v3"` for `"v3-5f0c"`.
fn without_hash(tag: &str) -> String {
    tag.split_once('-').map_or_else(|| tag.to_owned(), |(version, _)| format!("{version}\""))
}

/// Whether a header lists the tag, or `*`. Ignores `W/`, which the distribution adds when it compresses.
pub(crate) fn lists(header: Option<&str>, tag: &str) -> bool {
    header.is_some_and(|header| {
        header.split(',').map(str::trim).any(|listed| listed == "*" || listed.trim_start_matches("W/") == tag)
    })
}
