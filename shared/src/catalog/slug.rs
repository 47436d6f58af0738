//! The part of an address that people read.

use crate::error::Result;
use crate::input::{Invalid, from_text};

/// Lower-case letters and digits, with single hyphens between; never what could be an id, or has a meaning in a path.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Slug(String);

const LONGEST: usize = 255;

/// `/v1/courses/facets` is no course.
const RESERVED: [&str; 1] = ["facets"];

impl Slug {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Wraps the slug of a row.
    pub(crate) fn of_row(slug: String) -> Self {
        Self(slug)
    }

    /// From a title; `otherwise` when nothing of the title can stand in an address.
    #[must_use]
    pub fn from_title(title: &str, otherwise: &str) -> Self {
        let mut slug = slug::slugify(title);
        slug.truncate(200); // room for a suffix; slugs are ASCII
        let slug = slug.trim_end_matches('-');
        match slug {
            "" => Self(otherwise.to_owned()),
            taken if is_taken(taken) => Self(format!("{otherwise}-{taken}")),
            slug => Self(slug.to_owned()),
        }
    }

    /// Returns the slug with a random suffix, for when the plain one is taken.
    pub(crate) fn with_suffix(&self) -> Result<Self> {
        let suffix = hex::encode(crate::random::bytes::<3>()?);
        let mut start = self.0.clone();
        start.truncate(LONGEST - suffix.len() - 1); // slugs are ASCII
        Ok(Self(format!("{}-{suffix}", start.trim_end_matches('-'))))
    }
}

fn is_taken(slug: &str) -> bool {
    RESERVED.contains(&slug) || slug.parse::<uuid::Uuid>().is_ok()
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

from_text!(Slug, { "type": "string", "maxLength": LONGEST, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$" }, |text| {
    let parts = text.split('-').all(|part| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    if parts && text.len() <= LONGEST && !is_taken(text) {
        Ok(Slug(text.to_owned()))
    } else {
        Err(Invalid::new(
            "invalid_slug",
            "A slug has lower-case letters and digits, with single hyphens between them, and can't look like an id or be `facets`.",
        ))
    }
});

#[cfg(test)]
mod tests {
    use super::Slug;

    #[test]
    fn titles_become_slugs() {
        for (title, slug) in [
            ("How a request travels", "how-a-request-travels"),
            ("Übung macht den Meister!", "ubung-macht-den-meister"),
            ("¿…?", "course"),
            ("Facets", "course-facets"),
            ("0192f3a4-0000-7000-8000-000000000000", "course-0192f3a4-0000-7000-8000-000000000000"),
        ] {
            assert_eq!(Slug::from_title(title, "course").as_str(), slug);
        }
    }
}
