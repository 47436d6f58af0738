//! Slugs that are taken, and what to do about it.

use super::{Reference, visible};
use crate::catalog::Slug;
use crate::error::{Error, Result};
use crate::id::CourseId;
use crate::problem;
use crate::transaction::Write;

/// How often an insert tries another slug.
pub(super) const ATTEMPTS: usize = 5;

/// Returns the slug to try in the place of one that another course has. Only a slug that the caller `chose`, and whose
/// course they may see, is refused: a refusal would tell that a hidden course exists.
///
/// # Errors
/// 409.
pub(super) async fn in_place_of(write: &mut Write, taken: &Slug, chose: bool) -> Result<Slug> {
    if chose {
        match visible(write, &Reference::Slug(taken.as_str().to_owned())).await {
            Ok(_) => {
                let detail = "Another course has this slug; choose another.";
                return Err(Error::problem(&problem::SLUG_TAKEN, detail));
            }
            Err(error) if error.is(&problem::NOT_FOUND) => {}
            Err(error) => return Err(error),
        }
    }
    taken.with_suffix()
}

/// Returns the slug for a course that is there already: the wanted one if no other course has it.
///
/// # Errors
/// As [`in_place_of`].
pub(super) async fn for_course(write: &mut Write, course: CourseId, wanted: Slug) -> Result<Slug> {
    let is_taken = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM courses WHERE slug = $1 AND id <> $2 AND deleted_at IS NULL) AS "exists!""#,
        wanted.as_str(),
        course.0,
    )
    .fetch_one(write.connection())
    .await?;
    if is_taken { in_place_of(write, &wanted, true).await } else { Ok(wanted) }
}

/// The error of an update whose slug another course took after [`for_course`]: the call runs again and sees it.
pub(super) fn taken_meanwhile(error: sqlx::Error) -> Error {
    let error = Error::from(error);
    if error.is(&problem::SLUG_TAKEN) { Error::Retry("the slug was taken meanwhile".into()) } else { error }
}
