//! Enrolling, by oneself or by staff; dropping; coming back.

use serde_json::{Value, json};

use super::enrollments::{Enrollment, EnrollmentStatus, insert, lock};
use super::progress;
use crate::catalog::courses::{Course, CourseStatus, Visibility};
use crate::error::{Error, Fault, Result};
use crate::id::{EnrollmentId, UserId};
use crate::identity::Email;
use crate::optional_fields;
use crate::problem;
use crate::transaction::Write;

optional_fields! {
    /// Whom to enrol: the caller, unless staff of the course name another, by `user_id` or `email`.
    pub struct Target {
        user_id: Option<UserId>,
        email: Option<Email>,
    }
}

/// An enrolment, and how it stood before; new, it did not.
pub struct Enrolled {
    pub enrollment: Enrollment,
    pub before: Option<Enrollment>,
}

/// Enrols the target in a course that the caller may see, and that is held until the end of the write.
///
/// # Errors
/// 403 when the course takes learners through its staff only, or when somebody else names another; 409 when it is
/// not published, has a price, or has prerequisites that are not met; 422 for an unknown target.
pub async fn enroll(write: &mut Write, course: &Course, target: &Target) -> Result<Enrolled> {
    let staff = course.staffed_by(write.caller());
    let learner = learner(write, target, staff).await?;
    let refusal = refusal(write, course, learner, staff).await?;
    if refusal.is_none()
        && let Some(enrollment) = insert(write, learner, course.id).await?
    {
        return Ok(Enrolled { enrollment, before: None });
    }
    // It is there, or was never made.
    match (lock(write, learner, course.id).await?, refusal) {
        (Some(existing), _) if existing.status != EnrollmentStatus::Dropped => {
            Ok(Enrolled { enrollment: existing.clone(), before: Some(existing) })
        }
        (_, Some(refusal)) => Err(refusal),
        (Some(dropped), None) => Ok(Enrolled { enrollment: take_up(write, &dropped).await?, before: Some(dropped) }),
        (None, None) => Err(Error::internal("an enrolment is there and can't be found")),
    }
}

async fn learner(write: &mut Write, target: &Target, staff: bool) -> Result<UserId> {
    let caller = write.user()?;
    let (pointer, id, email) = match (target.user_id, &target.email) {
        (None, None) => return Ok(caller),
        (Some(id), None) if id == caller => return Ok(caller),
        (Some(_), Some(_)) => {
            return Err(Error::invalid(Fault::at("/email", "ambiguous", "Give user_id or email, not both.")));
        }
        (Some(id), None) => ("/user_id", Some(id.0), None),
        (None, Some(email)) => ("/email", None, Some(email.as_str())),
    };
    if !staff {
        return Err(Error::forbidden("Only the staff of a course enrol others."));
    }
    sqlx::query_scalar!(
        r#"SELECT id AS "id: UserId" FROM users u WHERE (id = $1 OR email = $2) AND deleted_at IS NULL AND is_active
             AND NOT is_unverified_registration(u)"#,
        id,
        email,
    )
    .fetch_optional(write.connection())
    .await?
    .ok_or_else(|| Error::invalid(Fault::at(pointer, "unknown_user", "There is no such user.")))
}

/// Why there can't be a new enrolment, if so. Staff pass over what is not about the course's status.
async fn refusal(write: &mut Write, course: &Course, learner: UserId, staff: bool) -> Result<Option<Error>> {
    if course.status != CourseStatus::Published {
        return Ok(Some(Error::problem(&problem::NOT_ENROLLABLE, "The course is not published.")));
    }
    if staff {
        return Ok(None);
    }
    if course.visibility != Visibility::Public {
        return Ok(Some(Error::forbidden("The course takes learners through its staff only.")));
    }
    if !course.price.is_zero() {
        let detail = "The course has a price, and paying is not possible yet.";
        return Ok(Some(Error::problem(&problem::PAYMENT_REQUIRED, detail)));
    }
    unmet_prerequisites(write, course, learner).await
}

/// Returns 409 with the prerequisites that the learner has not met, if there are any.
///
/// A prerequisite that can't be met does not count: a course without a lesson that counts, and for a learner who never
/// enrolled in it, one that takes nobody (a draft, or archived). Who has dropped it could have met it.
async fn unmet_prerequisites(write: &mut Write, course: &Course, learner: UserId) -> Result<Option<Error>> {
    // A copy of the rows below, of a course that is locked.
    if course.prerequisites.is_empty() {
        return Ok(None);
    }
    // A title is shown where the learner may see the course.
    let unmet = sqlx::query!(
        r#"SELECT p.prerequisite_course_id, p.min_completion_percentage,
             CASE WHEN is_listed(c) OR (e.status <> 'dropped' AND c.status <> 'draft') THEN c.title END AS title,
             coalesce(e.completion_percentage, 0.00) AS "completion_percentage!"
           FROM course_prerequisites p
           JOIN courses c ON c.id = p.prerequisite_course_id AND c.deleted_at IS NULL
           LEFT JOIN enrollments e ON e.course_id = c.id AND e.user_id = $2
           WHERE p.course_id = $1 AND coalesce(e.completion_percentage, 0) < p.min_completion_percentage
             AND (c.status = 'published' OR e.id IS NOT NULL)
             AND EXISTS (SELECT FROM lessons l JOIN sections s ON s.id = l.section_id
               WHERE s.course_id = c.id AND l.is_published AND l.requires_completion)
           ORDER BY p.created_at, p.id"#,
        course.id.0,
        learner.0,
    )
    .fetch_all(write.connection())
    .await?;
    if unmet.is_empty() {
        return Ok(None);
    }
    let named: Vec<_> = unmet.iter().filter_map(|one| one.title.as_deref()).collect();
    let mut detail = String::from("Other courses come before this one.");
    if !named.is_empty() {
        detail = format!("Complete first: {}.", named.join(", "));
    }
    if named.len() < unmet.len() {
        detail.push_str(
            " A course that takes learners by invitation only is among them; ask the teacher of this course.",
        );
    }
    let unmet: Vec<Value> = unmet
        .iter()
        .map(|one| {
            json!({
                "prerequisite_course_id": one.prerequisite_course_id,
                "title": one.title,
                "min_completion_percentage": one.min_completion_percentage,
                "completion_percentage": format!("{:.2}", one.completion_percentage),
            })
        })
        .collect();
    Ok(Some(Error::problem(&problem::PREREQUISITES_UNMET, detail).with("prerequisites", unmet)))
}

/// Takes a dropped enrolment up where it was: completed, or as far as the lessons of now say.
async fn take_up(write: &mut Write, dropped: &Enrollment) -> Result<Enrollment> {
    sqlx::query!("UPDATE enrollments SET status = 'active' WHERE id = $1", dropped.id.0)
        .execute(write.connection())
        .await?;
    progress::recompute(write, dropped.course_id, dropped.id, None).await
}

/// Drops the enrolment; completions and history stay. Gives it as it was, or nothing when it was dropped already.
///
/// # Errors
/// 404 when there is none that the caller may see; 403 when they may see it, and are neither its learner nor staff.
pub async fn drop_out(write: &mut Write, id: EnrollmentId) -> Result<Option<Enrollment>> {
    let seen = super::view::seen(write, id).await?;
    if !seen.changeable {
        return Err(Error::forbidden("Only its learner and the staff of the course end an enrolment."));
    }
    let before =
        lock(write, seen.user_id, seen.course_id).await?.filter(|before| before.status != EnrollmentStatus::Dropped);
    if before.is_some() {
        sqlx::query!("UPDATE enrollments SET status = 'dropped' WHERE id = $1", id.0)
            .execute(write.connection())
            .await?;
    }
    Ok(before)
}
