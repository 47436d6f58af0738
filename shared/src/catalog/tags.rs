//! Tags: what else a course is about, in its authors' words.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use super::courses::{self, Course, EditableCourse};
use crate::audit::Changes;
use crate::error::Result;
use crate::id::CourseId;
use crate::input::{Describe, Faults, Label, Text};
use crate::optional_fields;
use crate::page::{Cursor, Limit, Page, after};
use crate::transaction::{Read, Write};

/// As many as a course may have.
const MOST: usize = 50;

/// The tags of a course: up to 50, in the order given. The database keeps the first of those that differ in case and accents
/// alone.
#[derive(Debug)]
pub struct Tags(Vec<String>);

impl Deserr<Faults> for Tags {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef,
    ) -> std::result::Result<Self, Faults> {
        let labels = Vec::<Label<100>>::deserialize_from_value(value, location)?;
        let mut tags: Vec<String> = Vec::new();
        for label in labels {
            if !tags.iter().any(|tag| tag == label.as_str()) {
                tags.push(label.into());
            }
        }
        if tags.len() > MOST {
            return Err(Faults::one(location, "too_many", format!("A course has up to {MOST} tags.")));
        }
        Ok(Self(tags))
    }
}

impl Describe for Tags {
    fn schema() -> serde_json::Value {
        Vec::<Label<100>>::schema()
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

/// Gives the course these tags, and returns whether anything changed. A tag is known by its folding; its spelling follows the
/// last edit. One statement changes all, so that the copy in the course, and with it the counts, change once.
pub(super) async fn replace(write: &mut Write, course: CourseId, tags: &Tags) -> Result<bool> {
    let changed = sqlx::query_scalar!(
        r#"WITH given AS (
             SELECT DISTINCT ON (folded(tag)) tag, folded(tag) AS key FROM unnest($2::text[]) WITH ORDINALITY AS t (tag, place)
             ORDER BY folded(tag), place),
           gone AS (
             DELETE FROM course_tags WHERE course_id = $1 AND folded(tag) NOT IN (SELECT key FROM given) RETURNING tag),
           respelt AS (
             UPDATE course_tags t SET tag = given.tag FROM given
             WHERE t.course_id = $1 AND folded(t.tag) = given.key AND t.tag <> given.tag RETURNING t.tag),
           added AS (
             INSERT INTO course_tags (course_id, tag) SELECT $1, tag FROM given ON CONFLICT DO NOTHING RETURNING tag)
           SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM respelt) + (SELECT count(*) FROM added) AS "changed!""#,
        course.0,
        &tags.0
    )
    .fetch_one(write.connection())
    .await?;
    Ok(changed > 0)
}

/// A tag of listed courses.
#[derive(Debug, Clone, Serialize, ToSchema, FromRow)]
pub struct Tag {
    /// In one of its spellings.
    pub tag: String,
    /// How many listed courses have it, in any spelling.
    pub course_count: i32,
    #[serde(skip)]
    key: String,
}

optional_fields! {
    pub struct TagFilter {
        /// The beginning of a tag, without regard to case and accents.
        prefix: Option<Text<1, 100>>,
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Keys(#[serde(deserialize_with = "crate::page::text")] String);

/// Returns a page of the tags of listed courses, by the alphabet.
///
/// # Errors
/// 422 for a cursor of another list.
pub async fn list(read: &mut Read, filter: &TagFilter) -> Result<Page<Tag>> {
    let Keys(after) = after(filter.cursor.as_ref())?;
    // All keys with the prefix are between it and the prefix with the last of all characters.
    let rows = sqlx::query_as!(
        Tag,
        r#"SELECT tag, course_count, key FROM tag_counts
           WHERE course_count > 0 AND key >= folded($1::text) AND key < folded($1::text) || chr(1114111) AND key > $2::text
           ORDER BY key LIMIT $3"#,
        filter.prefix.as_ref().map_or("", Text::as_str).trim_start(),
        after,
        filter.limit.plus_one(),
    )
    .fetch_all(read.connection())
    .await?;
    Page::new(rows, filter.limit, |tag| Keys(tag.key.clone()))
}
