//! The places of lessons in their section.

use uuid::Uuid;

use super::editing::EditableLesson;
use crate::audit::Changes;
use crate::catalog::courses::OutlineLesson;
use crate::catalog::order::{Order, place};
use crate::catalog::sections::EditableSection;
use crate::error::{Error, Fault, Result};
use crate::id::{LessonId, SectionId};
use crate::page::Page;
use crate::transaction::Write;

/// Returns the `display_order` of a new lesson in a section that is locked: the last, unless another is wanted.
pub(super) async fn of_new(write: &mut Write, section: SectionId, wanted: Option<i32>) -> Result<i32> {
    let siblings = siblings(write, section, None).await?;
    match wanted {
        Some(wanted) => make_room(write, section, &siblings, wanted, None).await,
        None => Ok(behind(&siblings)),
    }
}

/// Returns the `display_order` of a lesson that may move, within its section or to the end of another one of its course.
///
/// # Errors
/// 422 for a section of another course.
pub(super) async fn of_changed(
    write: &mut Write,
    lesson: &EditableLesson,
    section: SectionId,
    wanted: Option<i32>,
) -> Result<i32> {
    let is_new_here = section != lesson.section_id;
    if is_new_here {
        lock(write, lesson, section).await?;
    } else if wanted.is_none_or(|wanted| wanted == lesson.display_order) {
        return Ok(lesson.display_order);
    }
    let siblings = siblings(write, section, Some(lesson.id)).await?;
    let before = (!is_new_here).then_some(lesson.display_order);
    make_room(write, section, &siblings, wanted.unwrap_or_else(|| behind(&siblings)), before).await
}

/// Locks another section of the lesson's course, which is locked.
async fn lock(write: &mut Write, lesson: &EditableLesson, section: SectionId) -> Result<()> {
    let locked = sqlx::query_scalar!(
        "SELECT id FROM sections WHERE id = $1 AND course_id = $2 FOR NO KEY UPDATE",
        section.0,
        lesson.course_id.0,
    )
    .fetch_optional(write.connection())
    .await?;
    if locked.is_some() {
        return Ok(());
    }
    Err(Error::invalid(Fault::at("/section_id", "unknown_section", "The course has no such section.")))
}

/// The lessons of the section in their order, without that one.
async fn siblings(write: &mut Write, section: SectionId, lesson: Option<LessonId>) -> Result<Vec<(Uuid, i32)>> {
    let rows = sqlx::query!(
        "SELECT id, display_order FROM lessons WHERE section_id = $1 AND id IS DISTINCT FROM $2
         ORDER BY display_order, id",
        section.0,
        lesson.map(|lesson| lesson.0),
    )
    .fetch_all(write.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.display_order)).collect())
}

fn behind(siblings: &[(Uuid, i32)]) -> i32 {
    siblings.last().map_or(1, |(_, last)| last + 1)
}

/// Moves the siblings so that a lesson can stand at `wanted`, and raises the version of the section, which guards the
/// order. Returns the lesson's number.
async fn make_room(
    write: &mut Write,
    section: SectionId,
    siblings: &[(Uuid, i32)],
    wanted: i32,
    before: Option<i32>,
) -> Result<i32> {
    let placement = place(siblings, wanted, before);
    let (ids, numbers) = placement.shifted();
    sqlx::query!(
        "WITH parent AS (UPDATE sections SET version = version + 1 WHERE id = $3)
         UPDATE lessons l SET display_order = o.number FROM unnest($1::uuid[], $2::int[]) AS o (id, number)
         WHERE l.id = o.id",
        ids,
        numbers,
        section.0,
    )
    .execute(write.connection())
    .await?;
    Ok(placement.display_order)
}

/// Puts the lessons of a section in this order, and raises the section's version, which guards it. Returns them as the
/// outline shows them: their whole content could be larger than an answer may be.
///
/// # Errors
/// 409 unless the list is complete.
pub async fn set_order(
    write: &mut Write,
    section: &EditableSection,
    order: &Order<LessonId>,
) -> Result<(Page<OutlineLesson>, Changes)> {
    let before =
        sqlx::query_scalar!("SELECT id FROM lessons WHERE section_id = $1 ORDER BY display_order, id", section.id.0)
            .fetch_all(write.connection())
            .await?;
    let after = order.complete(&before)?;
    let changes = if after == before {
        Changes::default()
    } else {
        sqlx::query!(
            "WITH parent AS (UPDATE sections SET version = version + 1 WHERE id = $2)
             UPDATE lessons l SET display_order = o.position
             FROM unnest($1::uuid[]) WITH ORDINALITY AS o (id, position)
             WHERE l.id = o.id AND l.display_order <> o.position",
            &after,
            section.id.0,
        )
        .execute(write.connection())
        .await?;
        Changes::field("order", &before, &after)
    };
    let lessons = sqlx::query_as!(
        OutlineLesson,
        "SELECT id, title, shortened(description, sum(length(description)) OVER ()) AS description, lesson_type,
           display_order, duration_minutes, is_published, requires_completion
         FROM lessons WHERE section_id = $1 ORDER BY display_order, id",
        section.id.0,
    )
    .fetch_all(write.connection())
    .await?;
    Ok((Page::complete(lessons), changes))
}
