//! Sections: the parts of a course.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::courses::{self, EditableCourse, admission};
use super::lessons;
use super::order::{Order, Placement, place};
use crate::audit::Changes;
use crate::error::{Error, Result};
use crate::id::{CourseId, SectionId};
use crate::input::{Change, Clearable, DisplayOrder, Text};
use crate::page::Page;
use crate::problem;
use crate::transaction::{Read, Write};
use crate::version::Version;
use crate::{fields, optional_fields};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Section {
    pub id: SectionId,
    pub course_id: CourseId,
    pub title: String,
    pub description: Option<String>,
    pub display_order: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: Version,
}

fields! {
    /// A new section. It comes last unless `display_order` names a place; the sections there make room.
    pub struct NewSection {
        title: Text<1, 255>,
    }
    optional {
        description: Text<0, 10000>,
        display_order: DisplayOrder,
    }
}

optional_fields! {
    pub struct SectionChanges {
        title: Change<Text<1, 255>>,
        description: Clearable<Text<0, 10000>>,
        display_order: Change<DisplayOrder>,
    }
}

/// An outline of more sections would not fit an answer.
const MOST: i64 = 200;

macro_rules! select_section {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Section,
            r#"SELECT id AS "id: SectionId", course_id AS "course_id: CourseId", title, description, display_order,
                 created_at, updated_at, version AS "version: Version"
               FROM sections "# + $tail
            $(, $argument)*
        )
    };
}

/// A section whose course the caller may edit; both are locked until the end of the write. Only [`editable`]
/// makes one.
pub struct EditableSection {
    section: Section,
    course: EditableCourse,
}

impl EditableSection {
    pub fn course(&self) -> &EditableCourse {
        &self.course
    }
}

impl std::ops::Deref for EditableSection {
    type Target = Section;

    fn deref(&self) -> &Section {
        &self.section
    }
}

async fn find(read: &mut Read, id: SectionId) -> Result<Section> {
    select_section!("WHERE id = $1", id.0)
        .fetch_optional(read.connection())
        .await?
        .ok_or_else(|| Error::not_found("section"))
}

/// The section, for staff of its course.
///
/// # Errors
/// 404 when the caller may not see the course, 403 when they are not staff of it.
pub async fn for_staff(read: &mut Read, id: SectionId) -> Result<Section> {
    let section = find(read, id).await?;
    let course = courses::visible(read, &courses::Reference::Id(section.course_id)).await;
    let course = course.map_err(|error| hidden(error, "section"))?;
    if course.staffed_by(read.caller()) {
        Ok(section)
    } else {
        Err(Error::forbidden("Only the staff of a course read its sections one by one; see the outline."))
    }
}

/// Locks the section, and its course first, for an edit by its staff.
///
/// # Errors
/// 404 when the caller may not see the course, 403 when they are not staff of it.
pub async fn editable(write: &mut Write, id: SectionId) -> Result<EditableSection> {
    let course_id = find(write, id).await?.course_id;
    let course = courses::editable(write, course_id).await.map_err(|error| hidden(error, "section"))?;
    let section = select_section!("WHERE id = $1 FOR NO KEY UPDATE", id.0)
        .fetch_optional(write.connection())
        .await?
        .ok_or_else(|| Error::not_found("section"))?;
    Ok(EditableSection { section, course })
}

/// What is in a course that the caller may not see is not found itself.
pub(crate) fn hidden(error: Error, what: &str) -> Error {
    if error.is(&problem::NOT_FOUND) { Error::not_found(what) } else { error }
}

/// Adds a section to the course: last, or at the given place.
///
/// # Errors
/// 409 when the course has 200 sections.
pub async fn create(write: &mut Write, course: &EditableCourse, new: NewSection) -> Result<Section> {
    let sections =
        sqlx::query_scalar!(r#"SELECT count(*) AS "sections!" FROM sections WHERE course_id = $1"#, course.id.0)
            .fetch_one(write.connection())
            .await?;
    if sections >= MOST {
        return Err(Error::problem(&problem::LIMIT_REACHED, format!("A course has up to {MOST} sections.")));
    }
    let now = write.now();
    let id = SectionId::new(now);
    let display_order = match new.display_order {
        Some(wanted) => make_room(write, course.id, id, i32::from(wanted), None).await?,
        None => siblings(write, course.id, id).await?.last().map_or(1, |(_, last)| last + 1),
    };
    sqlx::query!(
        "INSERT INTO sections (id, course_id, title, description, display_order, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id.0,
        course.id.0,
        new.title.as_str(),
        new.description.map(String::from),
        display_order,
        now,
    )
    .execute(write.connection())
    .await?;
    find(write, id).await
}

/// Changes the section. One that moves raises the course's version, which guards the order.
///
/// # Errors
/// Those of the database.
pub async fn update(
    write: &mut Write,
    section: &EditableSection,
    changes: SectionChanges,
) -> Result<(Section, Changes)> {
    let mut after = section.section.clone();
    changes.title.apply(&mut after.title);
    changes.description.apply(&mut after.description);
    changes.display_order.apply(&mut after.display_order);
    if after.display_order != section.display_order {
        let (wanted, before) = (after.display_order, Some(section.display_order));
        after.display_order = make_room(write, section.course_id, section.id, wanted, before).await?;
    }
    let changed = Changes::between(&section.section, &after)?;
    if changed.is_empty() {
        return Ok((after, changed));
    }
    sqlx::query!(
        "UPDATE sections SET title = $2, description = $3, display_order = $4 WHERE id = $1",
        after.id.0,
        after.title,
        after.description,
        after.display_order,
    )
    .execute(write.connection())
    .await?;
    Ok((find(write, after.id).await?, changed))
}

/// The other sections of the course, in their order.
async fn siblings(write: &mut Write, course: CourseId, section: SectionId) -> Result<Vec<(Uuid, i32)>> {
    let rows = sqlx::query!(
        "SELECT id, display_order FROM sections WHERE course_id = $1 AND id <> $2 ORDER BY display_order, id",
        course.0,
        section.0,
    )
    .fetch_all(write.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.display_order)).collect())
}

/// Moves the other sections of the course, which is locked, so that the section can stand at `wanted`. Returns its
/// number.
async fn make_room(
    write: &mut Write,
    course: CourseId,
    section: SectionId,
    wanted: i32,
    before: Option<i32>,
) -> Result<i32> {
    let placement: Placement = place(&siblings(write, course, section).await?, wanted, before);
    let (ids, numbers) = placement.shifted();
    sqlx::query!(
        "WITH parent AS (UPDATE courses SET version = version + 1 WHERE id = $3)
         UPDATE sections s SET display_order = o.number FROM unnest($1::uuid[], $2::int[]) AS o (id, number)
         WHERE s.id = o.id",
        ids,
        numbers,
        course.0,
    )
    .execute(write.connection())
    .await?;
    Ok(placement.display_order)
}

/// Deletes the section with its lessons. Waits for completions that are under way.
///
/// # Errors
/// 409 that lists the lessons that somebody completed.
pub async fn delete(write: &mut Write, section: &EditableSection) -> Result<()> {
    admission::lock(write, section.course_id).await?;
    let lessons =
        sqlx::query_scalar!("SELECT id FROM lessons WHERE section_id = $1 ORDER BY id FOR UPDATE", section.id.0)
            .fetch_all(write.connection())
            .await?;
    lessons::refuse_completed(write, &lessons).await?;
    sqlx::query!("DELETE FROM sections WHERE id = $1", section.id.0).execute(write.connection()).await?;
    write.wake_progress();
    Ok(())
}

/// Puts the sections of a course in this order, and raises the course's version, which guards it.
///
/// # Errors
/// 409 unless the list is complete.
pub async fn set_order(
    write: &mut Write,
    course: &EditableCourse,
    order: &Order<SectionId>,
) -> Result<(Page<Section>, Changes)> {
    let before =
        sqlx::query_scalar!("SELECT id FROM sections WHERE course_id = $1 ORDER BY display_order, id", course.id.0)
            .fetch_all(write.connection())
            .await?;
    let after = order.complete(&before)?;
    if after != before {
        sqlx::query!(
            "WITH parent AS (UPDATE courses SET version = version + 1 WHERE id = $2)
             UPDATE sections s SET display_order = o.position
             FROM unnest($1::uuid[]) WITH ORDINALITY AS o (id, position)
             WHERE s.id = o.id AND s.display_order <> o.position",
            &after,
            course.id.0,
        )
        .execute(write.connection())
        .await?;
    }
    let sections = sqlx::query_as!(
        Section,
        r#"SELECT id AS "id: SectionId", course_id AS "course_id: CourseId", title,
             shortened(description, sum(length(description)) OVER ()) AS description, display_order, created_at,
             updated_at, version AS "version: Version"
           FROM sections WHERE course_id = $1 ORDER BY display_order, id"#,
        course.id.0
    )
    .fetch_all(write.connection())
    .await?;
    let changes = if after == before { Changes::default() } else { Changes::field("order", &before, &after) };
    Ok((Page::complete(sections), changes))
}
