//! Enrolling a whole list of people, by the staff of a course.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::address_list::{self, Line};
use super::enrollments::{Enrollment, EnrollmentStatus, all_of, lock_all};
use super::progress;
use crate::audit::{Audit, Changes, audit};
use crate::catalog::courses::{Course, CourseStatus};
use crate::error::{Error, Result};
use crate::id::{EnrollmentId, UserId};
use crate::input::{Csv, text_enum};
use crate::problem;
use crate::transaction::Write;

text_enum! {
    /// What became of an address.
    Outcome {
        Enrolled = "enrolled",
        Resumed = "resumed",
        AlreadyEnrolled = "already_enrolled",
        UnknownUser = "unknown_user",
        InvalidEmail = "invalid_email",
        Repeated = "repeated",
    }
}

/// One address of the list, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedLine {
    /// The line of the file that holds it, from 1 on.
    pub line: u64,
    /// The address as it was written; without one, the cell.
    pub email: String,
    pub result: Outcome,
    pub enrollment_id: Option<EnrollmentId>,
}

/// Enrols the people of a list, past prerequisites and price, in a course that is locked until the end of the write.
/// Returns what became of each address, and the entries of the audit log.
///
/// # Errors
/// 403 when the caller is not staff of the course, 409 when it is not published, 422 when the list can't be read.
pub async fn import(write: &mut Write, course: &Course, csv: &Csv) -> Result<(Vec<ImportedLine>, Vec<Audit>)> {
    if !course.staffed_by(write.caller()) {
        return Err(Error::forbidden("Only the staff of a course enrol others."));
    }
    if course.status != CourseStatus::Published {
        return Err(Error::problem(&problem::NOT_ENROLLABLE, "The course is not published."));
    }
    let lines = address_list::read(csv)?;
    let known = known_users(write, &lines).await?;
    let users: Vec<Uuid> = known.values().map(|user| user.0).collect();
    let before = by_user(lock_all(write, &users, course.id).await?);
    let missing: Vec<Uuid> = users.iter().copied().filter(|user| !before.contains_key(&UserId(*user))).collect();
    let new = insert(write, course, missing).await?;
    take_up(write, course, &before).await?;
    let after = by_user(all_of(write, &users, course.id).await?);

    let mut imported = Vec::with_capacity(lines.len());
    let mut audits = Vec::new();
    let mut met = HashSet::new();
    for Line { number: line, shown, email: address } in lines {
        let user = address.as_ref().and_then(|address| known.get(address.as_str()));
        let enrollment = user.and_then(|user| after.get(user));
        let result = match (&address, enrollment) {
            (None, _) => Outcome::InvalidEmail,
            (Some(_), None) => Outcome::UnknownUser,
            (Some(_), Some(enrollment)) if !met.insert(enrollment.id.0) => Outcome::Repeated,
            (Some(_), Some(enrollment)) => {
                let (result, audit) = outcome(enrollment, before.get(&enrollment.user_id), &new)?;
                audits.extend(audit);
                result
            }
        };
        imported.push(ImportedLine { line, email: shown, result, enrollment_id: enrollment.map(|one| one.id) });
    }
    Ok((imported, audits))
}

fn outcome(after: &Enrollment, before: Option<&Enrollment>, new: &HashSet<Uuid>) -> Result<(Outcome, Option<Audit>)> {
    Ok(match before {
        Some(before) if before.status == EnrollmentStatus::Dropped => {
            let changes = Changes::between(before, after)?;
            (Outcome::Resumed, Some(audit("enrollment.resume", after.id).changed(changes)))
        }
        None if new.contains(&after.id.0) => {
            let changes = Changes::created(after, &["user_id", "course_id"])?;
            (Outcome::Enrolled, Some(audit("enrollment.create", after.id).changed(changes)))
        }
        // There before, or somebody else was first.
        _ => (Outcome::AlreadyEnrolled, None),
    })
}

async fn known_users(write: &mut Write, lines: &[Line]) -> Result<HashMap<String, UserId>> {
    let emails: Vec<String> =
        lines.iter().filter_map(|line| line.email.as_ref()).map(|email| email.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"SELECT id AS "id: UserId", email FROM users u WHERE email = ANY ($1) AND deleted_at IS NULL AND is_active
             AND NOT is_unverified_registration(u)"#,
        &emails,
    )
    .fetch_all(write.connection())
    .await?;
    Ok(rows.into_iter().map(|user| (user.email, user.id)).collect())
}

fn by_user(enrollments: Vec<Enrollment>) -> HashMap<UserId, Enrollment> {
    enrollments.into_iter().map(|enrollment| (enrollment.user_id, enrollment)).collect()
}

/// Those that were not there at this very instant either.
async fn insert(write: &mut Write, course: &Course, mut users: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    users.sort_unstable(); // two imports at once wait for each other, and not in a circle
    let now = write.now();
    let ids: Vec<Uuid> = users.iter().map(|_| EnrollmentId::new(now).0).collect();
    let inserted = sqlx::query_scalar!(
        "INSERT INTO enrollments (id, user_id, course_id, enrolled_at, created_at)
         SELECT one.id, one.user_id, $3, $4, $4
         FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS one (id, user_id, place) ORDER BY one.place
         ON CONFLICT (user_id, course_id) DO NOTHING RETURNING id",
        &ids,
        &users,
        course.id.0,
        now,
    )
    .fetch_all(write.connection())
    .await?;
    Ok(inserted.into_iter().collect())
}

/// Takes the dropped ones up where they were.
async fn take_up(write: &mut Write, course: &Course, before: &HashMap<UserId, Enrollment>) -> Result<()> {
    let dropped = before.values().filter(|enrollment| enrollment.status == EnrollmentStatus::Dropped);
    let dropped: Vec<Uuid> = dropped.map(|enrollment| enrollment.id.0).collect();
    sqlx::query!("UPDATE enrollments SET status = 'active' WHERE id = ANY ($1)", &dropped)
        .execute(write.connection())
        .await?;
    progress::recompute_all(write, course.id, &dropped).await
}
