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

    /// Returns the entity tag of an object that also shows another one, whose own version is `shown`: `"v3-2"`. The part behind
    /// the hyphen is left out while `shown` is 0.
    pub(crate) fn and_shown(self, shown: i32) -> Tag {
        if shown == 0 { Tag::from(self) } else { self.with(&shown.to_string()) }
    }

    /// Returns an entity tag that also holds a hash of the body: `"v3-5f0c"`.
    pub(crate) fn with(self, hash: &str) -> Tag {
        Tag(format!("\"v{}-{hash}\"", self.0))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"v{}\"", self.0)
    }
}

/// An entity tag (`ETag`) that begins with the version of an object. Unlike the version alone, it changes with
/// everything that the object shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl From<Version> for Tag {
    fn from(version: Version) -> Self {
        Self(version.to_string())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
        let versions: Vec<_> = header.split(',').map(version_of).collect();
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

/// Returns the part of a tag that `If-Match` compares: `"v3"` for `"v3-5f0c"`.
fn version_of(tag: &str) -> String {
    tag.split_once('-').map_or_else(|| tag.to_owned(), |(version, _)| format!("{version}\""))
}

/// Whether a header lists the tag, or `*`. Ignores `W/`, which the distribution adds when it compresses.
pub(crate) fn lists(header: Option<&str>, tag: &str) -> bool {
    header.is_some_and(|header| {
        header.split(',').map(str::trim).any(|listed| listed == "*" || listed.trim_start_matches("W/") == tag)
    })
}
