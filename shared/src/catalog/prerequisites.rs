//! Prerequisites: the courses that come first, and how far.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::courses::{self, EditableCourse, Reference, admission};
use crate::audit::Changes;
use crate::error::{Error, Fault, Result};
use crate::fields;
use crate::id::CourseId;
use crate::identity::Permission;
use crate::input::{Bounded, text_enum};
use crate::page::Page;
use crate::problem;
use crate::transaction::{Read, Write};
use crate::version::Version;

/// As many as a course may have.
const MOST: usize = 50;

/// The key of the lock on the graph of all prerequisites: a number that no other advisory lock uses.
const GRAPH: i64 = 0x7072_6572;

/// A course that comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Prerequisite {
    pub prerequisite_course_id: CourseId,
    /// How much of it must be completed.
    pub min_completion_percentage: i32,
    /// Shown to the staff of the course that it comes before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_to: Option<OpenTo>,
}

text_enum! {
    /// Who can still begin and complete a prerequisite. `invited`: it is private, restricted or has a price, so its staff
    /// enrol learners. `nobody`: it is a draft, archived, or without a lesson that counts; new learners don't need it.
    OpenTo { Anyone = "anyone", Invited = "invited", Nobody = "nobody" }
}

fields! {
    /// A course that comes first.
    pub struct NewPrerequisite {
        prerequisite_course_id: CourseId,
    }
    optional {
        /// 100 unless told.
        min_completion_percentage: Bounded<0, 100>,
    }
}

/// The prerequisites of a course.
pub struct Prerequisites {
    pub page: Page<Prerequisite>,
    /// The version of the course, which guards the list.
    pub version: Version,
    /// Whether `open_to` is shown, which the version does not stand for.
    pub for_staff: bool,
}

/// Lists the prerequisites of a course that the caller may see.
///
/// # Errors
/// 404.
pub async fn list(read: &mut Read, course: &Reference) -> Result<Prerequisites> {
    let course = courses::visible(read, course).await?;
    let for_staff = course.staffed_by(read.caller());
    let page = Page::complete(of(read, course.id, for_staff).await?);
    Ok(Prerequisites { page, version: course.version, for_staff })
}

async fn of(read: &mut Read, course: CourseId, with_open_to: bool) -> Result<Vec<Prerequisite>> {
    Ok(sqlx::query_as!(
        Prerequisite,
        r#"SELECT prerequisite_course_id AS "prerequisite_course_id: CourseId", min_completion_percentage,
             CASE WHEN NOT $2 THEN NULL
               WHEN c.status <> 'published' OR NOT EXISTS (
                 SELECT FROM lessons l JOIN sections s ON s.id = l.section_id
                 WHERE s.course_id = c.id AND l.is_published AND l.requires_completion) THEN 'nobody'
               WHEN c.visibility <> 'public' OR c.price > 0 THEN 'invited'
               ELSE 'anyone' END AS "open_to: OpenTo"
           FROM course_prerequisites JOIN courses c ON c.id = prerequisite_course_id AND c.deleted_at IS NULL
           WHERE course_id = $1 ORDER BY prerequisite_course_id"#,
        course.0,
        with_open_to,
    )
    .fetch_all(read.connection())
    .await?)
}

/// A course whose prerequisites the caller may edit, while nobody else edits any: two edits at once could each close
/// half of a cycle. Only [`editable`] makes one.
pub struct EditablePrerequisites(EditableCourse);

impl std::ops::Deref for EditablePrerequisites {
    type Target = EditableCourse;

    fn deref(&self) -> &EditableCourse {
        &self.0
    }
}

/// Locks the graph of prerequisites, and then the course, for an edit by its staff.
///
/// # Errors
/// 404 when the caller may not see it, 403 when they may, and are not staff of it.
pub async fn editable(write: &mut Write, id: CourseId) -> Result<EditablePrerequisites> {
    lock(write).await?;
    courses::editable(write, id).await.map(EditablePrerequisites)
}

/// Locks the graph until the end of the write. Call it before any course is locked. Every write that locks more than one course
/// does, so that no two of them wait for each other (`docs/locks.md`).
pub(super) async fn lock(write: &mut Write) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", GRAPH).execute(write.connection()).await?;
    Ok(())
}

/// Raises the version of the courses that this one comes before: their lists show it no more, or again. The graph is
/// locked, so that no list is answered meanwhile that is another by then.
pub(super) async fn raise_versions_after(write: &mut Write, course: CourseId) -> Result<()> {
    sqlx::query!(
        "UPDATE courses SET version = version + 1
         WHERE id IN (SELECT course_id FROM course_prerequisites WHERE prerequisite_course_id = $1)",
        course.0,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Gives the course these prerequisites, and no others.
///
/// # Errors
/// 422 when one doesn't exist, or the caller may not know of it; 409 when they would close a cycle.
pub async fn set(
    write: &mut Write,
    course: &EditablePrerequisites,
    wanted: &[NewPrerequisite],
) -> Result<(Page<Prerequisite>, Version, Changes)> {
    check(write, Some(course.id), wanted, "").await?;
    check_cycles(write, course.id, wanted).await?;
    let before = of(write, course.id, false).await?;
    let mut after: Vec<_> = wanted.iter().map(NewPrerequisite::as_prerequisite).collect();
    after.sort_unstable_by_key(|one| one.prerequisite_course_id);
    if before == after {
        return Ok((Page::complete(after), course.version, Changes::default()));
    }
    admission::lock(write, course.id).await?;
    let user = write.user()?;
    let (ids, percentages) = columns(wanted);
    sqlx::query!(
        "DELETE FROM course_prerequisites WHERE course_id = $1 AND prerequisite_course_id <> ALL($2)",
        course.id.0,
        &ids,
    )
    .execute(write.connection())
    .await?;
    insert(write, course.id, &ids, &percentages).await?;
    // A percentage is no part of the course's row, and guarded by its version all the same.
    let version = sqlx::query_scalar!(
        r#"UPDATE courses SET version = version + 1, updated_by = $2 WHERE id = $1 RETURNING version AS "version: Version""#,
        course.id.0,
        user.0,
    )
    .fetch_one(write.connection())
    .await?;
    let changes = Changes::field("prerequisites", &before, &after);
    Ok((Page::complete(after), version, changes))
}

/// The prerequisites of a new course, which can't be part of a cycle.
pub(super) async fn begin(write: &mut Write, course: CourseId, wanted: &[NewPrerequisite]) -> Result<()> {
    check(write, None, wanted, "/prerequisites").await?;
    let (ids, percentages) = columns(wanted);
    insert(write, course, &ids, &percentages).await
}

async fn insert(write: &mut Write, course: CourseId, ids: &[Uuid], percentages: &[i32]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO course_prerequisites (course_id, prerequisite_course_id, min_completion_percentage)
         SELECT $1, * FROM unnest($2::uuid[], $3::int[])
         ON CONFLICT (course_id, prerequisite_course_id)
           DO UPDATE SET min_completion_percentage = excluded.min_completion_percentage
           WHERE course_prerequisites.min_completion_percentage <> excluded.min_completion_percentage",
        course.0,
        ids,
        percentages,
    )
    .execute(write.connection())
    .await?;
    Ok(())
}

impl NewPrerequisite {
    fn as_prerequisite(&self) -> Prerequisite {
        Prerequisite {
            prerequisite_course_id: self.prerequisite_course_id,
            min_completion_percentage: self.min_completion_percentage.map_or(100, i32::from),
            open_to: None,
        }
    }
}

fn columns(wanted: &[NewPrerequisite]) -> (Vec<Uuid>, Vec<i32>) {
    wanted
        .iter()
        .map(NewPrerequisite::as_prerequisite)
        .map(|one| (one.prerequisite_course_id.0, one.min_completion_percentage))
        .unzip()
}

/// That each is named once, and is a course that the caller may know of, or one that came first already.
async fn check(write: &mut Write, course: Option<CourseId>, wanted: &[NewPrerequisite], pointer: &str) -> Result<()> {
    if wanted.len() > MOST {
        let detail = format!("A course has up to {MOST} prerequisites.");
        return Err(Error::invalid(Fault::at(pointer, "too_many", detail)));
    }
    let (ids, _) = columns(wanted);
    let any = write.caller().may(Permission::CoursesUpdateAny);
    let user = write.user()?;
    let known = sqlx::query_scalar!(
        "SELECT id FROM courses c
         WHERE id = ANY($1) AND deleted_at IS NULL
           AND (is_listed(c) OR $2 OR $3 IN (instructor_id, created_by)
             OR EXISTS (SELECT FROM course_prerequisites WHERE course_id = $4 AND prerequisite_course_id = c.id))",
        &ids,
        any,
        user.0,
        course.map(|course| course.0),
    )
    .fetch_all(write.connection())
    .await?;
    let mut named = HashSet::new();
    let faults = ids.iter().enumerate().filter_map(|(index, id)| {
        let (code, detail) = match (known.contains(id), named.insert(id)) {
            (true, true) => return None,
            (true, false) => ("repeated", "It is named twice."),
            (false, _) => ("unknown_course", "There is no such course."),
        };
        Some(Fault::at(&format!("{pointer}/{index}/prerequisite_course_id"), code, detail))
    });
    let faults: Vec<_> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid_all(faults)) }
}

/// Refuses what would let a course come before itself, by the shortest way round.
async fn check_cycles(write: &mut Write, course: CourseId, wanted: &[NewPrerequisite]) -> Result<()> {
    let (ids, _) = columns(wanted);
    let steps = sqlx::query!(
        r#"WITH RECURSIVE reached (id) AS (
             SELECT unnest($1::uuid[])
             UNION SELECT p.prerequisite_course_id FROM reached r JOIN course_prerequisites p ON p.course_id = r.id
               WHERE r.id <> $2)
           SELECT p.course_id, p.prerequisite_course_id FROM reached r JOIN course_prerequisites p ON p.course_id = r.id
           WHERE r.id <> $2 ORDER BY p.course_id, p.prerequisite_course_id"#,
        &ids,
        course.0,
    )
    .fetch_all(write.connection())
    .await?;
    let mut next: HashMap<Uuid, Vec<Uuid>> = HashMap::from([(course.0, ids)]);
    for step in steps {
        next.entry(step.course_id).or_default().push(step.prerequisite_course_id);
    }
    let Some(cycle) = way_round(course.0, &next) else { return Ok(()) };
    let any = write.caller().may(Permission::CoursesUpdateAny);
    let user = write.user()?;
    // A title shows only where the caller may know of the course.
    let path = sqlx::query!(
        r#"SELECT w.id AS "id!", CASE WHEN is_listed(c) OR $2 OR $3 IN (instructor_id, created_by) THEN title END AS title
           FROM unnest($1::uuid[]) WITH ORDINALITY AS w (id, position) JOIN courses c ON c.id = w.id ORDER BY position"#,
        &cycle,
        any,
        user.0,
    )
    .fetch_all(write.connection())
    .await?;
    let path: Vec<_> = path.iter().map(|course| json!({ "id": course.id, "title": course.title })).collect();
    Err(Error::problem(&problem::PREREQUISITE_CYCLE, "The course would come before itself; see path.")
        .with("path", path))
}

/// The shortest way from the course back to itself, with the course at both ends.
fn way_round(course: Uuid, next: &HashMap<Uuid, Vec<Uuid>>) -> Option<Vec<Uuid>> {
    let mut came_from = HashMap::new();
    let mut queue = VecDeque::from([course]);
    while let Some(at) = queue.pop_front() {
        for &to in next.get(&at).into_iter().flatten() {
            if to == course {
                let mut way = vec![course, at];
                while let Some(&before) = way.last().filter(|at| **at != course).and_then(|at| came_from.get(at)) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            came_from.entry(to).or_insert_with(|| {
                queue.push_back(to);
                at
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_round_is_found() {
        let id = Uuid::from_u128;
        let graph = |steps: &[(u128, u128)]| {
            let mut next: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
            for (from, to) in steps {
                next.entry(id(*from)).or_default().push(id(*to));
            }
            way_round(id(1), &next)
        };
        assert_eq!(graph(&[(1, 2), (2, 3), (1, 3), (3, 4)]), None);
        assert_eq!(graph(&[(1, 1)]), Some(vec![id(1), id(1)]));
        assert_eq!(graph(&[(1, 2), (2, 1)]), Some(vec![id(1), id(2), id(1)]));
        let around = graph(&[(1, 2), (2, 3), (3, 4), (4, 1), (2, 4), (3, 3)]);
        assert_eq!(around, Some(vec![id(1), id(2), id(4), id(1)]));
    }
}
