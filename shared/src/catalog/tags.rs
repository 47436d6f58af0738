//! Tags: what else a course is about, in its authors' words.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use super::courses::{self, Course, EditableCourse};
use crate::audit::Changes;
use crate::error::Result;
use crate::id::CourseId;
use crate::input::{Describe, Faults, Text};
use crate::optional_fields;
use crate::page::{Cursor, Limit, Page};
use crate::transaction::{Read, Write};

/// As many as a course may have.
const MOST: usize = 50;

/// The tags of a course: up to 50, without what surrounds them, each once.
#[derive(Debug)]
pub struct Tags(Vec<String>);

impl Deserr<Faults> for Tags {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef,
    ) -> std::result::Result<Self, Faults> {
        let texts = Vec::<Text<1, 100>>::deserialize_from_value(value, location)?;
        let mut tags: Vec<String> = texts.iter().map(|tag| tag.as_str().trim().to_owned()).collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > MOST {
            return Err(Faults::one(location, "too_many", format!("A course has up to {MOST} tags.")));
        }
        Ok(Self(tags))
    }
}

impl Describe for Tags {
    fn schema() -> serde_json::Value {
        Vec::<Text<1, 100>>::schema()
    }
}

/// Gives the course these tags, and no others.
///
/// # Errors
/// Those of the database.
pub async fn set(write: &mut Write, course: &EditableCourse, tags: &Tags) -> Result<(Course, Changes)> {
    let user = write.user()?;
    let changed = replace(write, course.id, tags).await?;
    if changed {
        sqlx::query!("UPDATE courses SET updated_by = $2 WHERE id = $1", course.id.0, user.0)
            .execute(write.connection())
            .await?;
    }
    let after = courses::reload(write, course.id).await?;
    let changes = if changed { Changes::field("tags", &course.tags.0, &after.tags.0) } else { Changes::default() };
    Ok((after, changes))
}

/// Whether anything was changed: what stays is not touched, and raises no version. In one statement, so that its
/// copy in the course, and by it the counts, change once.
pub(super) async fn replace(write: &mut Write, course: CourseId, tags: &Tags) -> Result<bool> {
    let changed = sqlx::query_scalar!(
        r#"WITH gone AS (DELETE FROM course_tags WHERE course_id = $1 AND tag <> ALL($2::text[]) RETURNING tag),
             new AS (INSERT INTO course_tags (course_id, tag) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING RETURNING tag)
           SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM new) AS "changed!""#,
        course.0,
        &tags.0
    )
    .fetch_one(write.connection())
    .await?;
    Ok(changed > 0)
}

/// A tag that anyone may know of.
#[derive(Debug, Clone, Serialize, ToSchema, FromRow)]
pub struct Tag {
    pub tag: String,
    /// How many published courses the public list shows with it.
    pub course_count: i32,
    #[serde(skip)]
    lower: String,
}

optional_fields! {
    pub struct TagFilter {
        /// What tags begin with, in capital or in small letters.
        prefix: Option<Text<1, 100>>,
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

#[derive(Serialize, Deserialize)]
struct Keys(
    #[serde(deserialize_with = "crate::page::text")] String,
    #[serde(deserialize_with = "crate::page::text")] String,
);

/// A page of the tags of listed courses, by the alphabet.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn list(read: &mut Read, filter: &TagFilter) -> Result<Page<Tag>> {
    let after: Option<Keys> = filter.cursor.as_ref().map(Cursor::keys).transpose()?;
    let (lower, tag) = after.map(|Keys(lower, tag)| (lower, tag)).unzip();
    // What begins with the prefix stands between it and the prefix with the last of all characters.
    let rows = sqlx::query_as!(
        Tag,
        r#"SELECT tag, course_count, lower(tag COLLATE "default") AS "lower!" FROM tag_counts
           WHERE course_count > 0
             AND lower(tag COLLATE "default") COLLATE "C" >= lower($1::text)
             AND lower(tag COLLATE "default") COLLATE "C" < lower($1::text) || chr(1114111)
             AND (lower(tag COLLATE "default") COLLATE "C", tag) > ($2::text, $3::text)
           ORDER BY lower(tag COLLATE "default") COLLATE "C", tag LIMIT $4"#,
        filter.prefix.as_ref().map_or("", Text::as_str).trim_start(),
        lower.unwrap_or_default(),
        tag.unwrap_or_default(),
        filter.limit.and_one(),
    )
    .fetch_all(read.connection())
    .await?;
    Page::new(rows, filter.limit, |tag| Keys(tag.lower.clone(), tag.tag.clone()))
}
