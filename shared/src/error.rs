//! The error type of all functions, and how database errors map to it.

use std::time::Duration;

use crate::problem::{self, Kind};

/// The most faults that one response lists. A form has fewer. A hostile body of a megabyte can have more faults than
/// fit into a response of Lambda, which is limited to 6 MB.
pub const MAX_FAULTS: usize = 100;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug)]
pub enum Error {
    /// An error that the caller is shown and can act on.
    Problem(Box<Problem>),
    /// A service that we depend on (database, S3) is unavailable or too busy: 503 with `Retry-After`.
    Unavailable(Cause),
    /// The transaction must run again: the database demands it (serialization failure, deadlock), or a condition that
    /// was checked before the transaction no longer holds.
    Retry(Cause),
    /// A bug or a wrong setting: 500. The cause is logged; the caller gets only the request id.
    Internal(Cause),
}

pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The content of a problem response (RFC 9457).
#[derive(Debug)]
pub struct Problem {
    pub kind: &'static Kind,
    pub detail: String,
    /// For 422: all faults of the input, up to [`MAX_FAULTS`].
    pub faults: Vec<Fault>,
    /// Additional members, such as the lessons that a course lacks.
    pub members: serde_json::Map<String, serde_json::Value>,
    pub retry_after: Option<Duration>,
}

/// One invalid value in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    pub code: &'static str,
    pub detail: String,
}

/// Where in the request a fault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A JSON Pointer into the body (RFC 6901).
    Body(String),
    /// The name of a query parameter.
    Query(String),
    /// The name of a header.
    Header(&'static str),
}

impl Fault {
    pub fn at(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { place: Place::Body(pointer.to_owned()), code, detail: detail.into() }
    }

    pub fn in_header(name: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { place: Place::Header(name), code, detail: detail.into() }
    }

    pub fn in_query(parameter: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { place: Place::Query(parameter.to_owned()), code, detail: detail.into() }
    }
}

impl Problem {
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        let members = serde_json::Map::new();
        Self { kind, detail: detail.into(), faults: Vec::new(), members, retry_after: None }
    }
}

impl Error {
    pub fn problem(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem::new(kind, detail)))
    }

    pub fn not_found(what: &str) -> Self {
        Self::problem(&problem::NOT_FOUND, format!("This {what} doesn't exist, or you may not see it."))
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::problem(&problem::FORBIDDEN, detail)
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::problem(&problem::UNAUTHORIZED, detail)
    }

    /// 429 with the time to wait.
    pub fn too_many(detail: &str, wait: chrono::TimeDelta) -> Self {
        let microseconds = wait.num_microseconds().unwrap_or(i64::MAX);
        let seconds = u64::try_from(microseconds).unwrap_or(0).div_ceil(1_000_000).max(1); // rounded up
        let detail = format!("{detail} Try again in {seconds} s.");
        let retry_after = Some(Duration::from_secs(seconds));
        Self::Problem(Box::new(Problem { retry_after, ..Problem::new(&problem::TOO_MANY, detail) }))
    }

    /// 422 `invalid` with one fault.
    pub fn invalid(fault: Fault) -> Self {
        Self::invalid_all(vec![fault])
    }

    /// 422 `invalid` with all faults of the input, up to [`MAX_FAULTS`].
    pub fn invalid_all(mut faults: Vec<Fault>) -> Self {
        faults.truncate(MAX_FAULTS);
        let detail = match faults.as_slice() {
            [one] => one.detail.clone(),
            all if all.len() == MAX_FAULTS => {
                format!("The request has many errors; the first {MAX_FAULTS} are listed in errors.")
            }
            many => format!("The request has {} errors; see errors.", many.len()),
        };
        Self::Problem(Box::new(Problem { faults, ..Problem::new(&problem::INVALID, detail) }))
    }

    /// 422 with another problem type than `invalid`, and one fault.
    pub fn unprocessable(kind: &'static Kind, fault: Fault) -> Self {
        let problem = Problem::new(kind, fault.detail.clone());
        Self::Problem(Box::new(Problem { faults: vec![fault], ..problem }))
    }

    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Adds a member to a problem. Does nothing to other errors.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<serde_json::Value>) -> Self {
        if let Self::Problem(problem) = &mut self {
            problem.members.insert(member.to_owned(), value.into());
        }
        self
    }

    /// Whether this is a problem of the given kind.
    pub fn is(&self, kind: &'static Kind) -> bool {
        matches!(self, Self::Problem(problem) if problem.kind.name == kind.name)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problem(problem) => write!(f, "{}: {}", problem.kind.name, problem.detail),
            Self::Unavailable(cause) => write!(f, "unavailable: {cause}"),
            Self::Retry(cause) => write!(f, "retry: {cause}"),
            Self::Internal(cause) => write!(f, "internal: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::Protocol(_) => Self::Unavailable(error.into()),
                _ => Self::internal(error),
            };
        };
        if let Some(problem) = database.constraint().and_then(problem_of_constraint) {
            return problem;
        }
        match database.code().as_deref().unwrap_or_default() {
            // serialization_failure, deadlock_detected
            "40001" | "40P01" => Self::Retry(error.into()),
            // lock_not_available, query_canceled, too_many_connections, the server is stopping or starting, and
            // read_only_sql_transaction: a replica that is being promoted
            "55P03" | "57014" | "53300" | "57P01" | "57P02" | "57P03" | "25006" => Self::Unavailable(error.into()),
            code if code.starts_with("08") => Self::Unavailable(error.into()),
            // untranslatable_character and character_not_in_repertoire: text that Postgres cannot hold
            "22P05" | "22021" => {
                Self::invalid(Fault::at("", "invalid_text", "The text holds a character that can't be stored."))
            }
            _ => Self::internal(error),
        }
    }
}

/// Returns the problem of a violated constraint. Rules that are checked before also stand here, for the race that the
/// check can't see.
fn problem_of_constraint(name: &str) -> Option<Error> {
    let (kind, detail) = match name {
        "users_username_key" | "users_normalized_username_key" | "username_holds_normalized_username_key" => {
            (&problem::USERNAME_TAKEN, "This username is taken; choose another.")
        }
        "users_email_key" => (&problem::EMAIL_TAKEN, "An account has this email already."),
        "users_role_needs_verified_email" => {
            (&problem::EMAIL_NOT_VERIFIED, "This person has not verified their email yet. Invite them instead.")
        }
        "roles_name_key" | "roles_name_folded_key" => {
            (&problem::NAME_TAKEN, "Another role has this name; choose another.")
        }
        "users_role_id_fkey" => (&problem::ROLE_IN_USE, "Users hold this role, or it was deleted."),
        "courses_slug_key" => (&problem::SLUG_TAKEN, "Another course has this slug; choose another."),
        "categories_slug_key" => (&problem::SLUG_TAKEN, "Another category has this slug; choose another."),
        "categories_name_key" => (&problem::NAME_TAKEN, "Another category has this name; choose another."),
        "courses_category_id_fkey" => (&problem::CATEGORY_IN_USE, "The category was deleted, or it has courses."),
        "lesson_completions_lesson_id_fkey" => {
            (&problem::LESSON_COMPLETED, "Somebody completed the lesson; unpublish it instead of deleting it.")
        }
        _ => return None,
    };
    Some(Error::problem(kind, detail))
}
