//! All problem types (RFC 9457). The code, the OpenAPI document and the pages under `/problems/` use this list.

/// A problem type, with the URI `/problems/{name}`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What it means and what to do, for people who read its page.
    pub meaning: &'static str,
}

macro_rules! problems {
    ($($constant:ident = $status:literal $name:literal, $title:literal, $meaning:literal;)*) => {
        $(pub const $constant: Kind = Kind { name: $name, status: $status, title: $title, meaning: $meaning };)*

        /// All problem types, ordered by status.
        pub const ALL: &[&Kind] = &[$(&$constant),*];
    };
}

problems! {
    UNAUTHORIZED = 401 "unauthorized", "Sign in first",
        "The call needs a valid access token. Sign in with POST /v1/auth/login and send the token as Authorization: Bearer.";
    INVALID_CREDENTIALS = 401 "invalid-credentials", "Wrong identifier or password",
        "No account has this email or username with this password, or its email is not verified yet. The answer is the same in all three cases, so that nobody can find out which addresses have an account.";
    INVALID_REFRESH_TOKEN = 401 "invalid-refresh-token", "Sign in again",
        "The refresh token is unknown, has expired, or was used before; or its session has ended. Sign in with POST /v1/auth/login.";
    FORBIDDEN = 403 "forbidden", "Not allowed",
        "You may see this, but not do this. The detail says what is required.";
    WRONG_PASSWORD = 403 "wrong-password", "The password is wrong",
        "You are signed in, but this call also requires your password, and the one you sent is wrong.";
    NOT_FOUND = 404 "not-found", "Not found",
        "There is nothing at this address, or you may not see it. The answer is the same in both cases.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed", "Method not allowed",
        "The address exists, but with other methods. The Allow header lists them.";
    CONFLICT = 409 "conflict", "Not possible in the current state",
        "The request is valid, but its object is in a state that doesn't allow it. The detail says which.";
    USERNAME_TAKEN = 409 "username-taken", "The username is taken", "Choose another username.";
    NAME_TAKEN = 409 "name-taken", "The name is taken", "Choose another name.";
    SLUG_TAKEN = 409 "slug-taken", "The slug is taken", "Choose another slug, or leave it out to have one made from the title.";
    CATEGORY_IN_USE = 409 "category-in-use", "The category has courses",
        "Move its courses to another category first. `course_count` is their number, including drafts and private courses. `deleted_course_count` is the number of deleted courses, which DELETE moves to the category in `deleted_courses_to`.";
    INCOMPLETE_ORDER = 409 "incomplete-order", "The order is not the complete list",
        "An order must name every item exactly once. The members `missing`, `unknown` and `repeated` list the differences. Read the list again and retry.";
    LESSON_COMPLETED = 409 "lesson-completed", "Somebody completed the lesson",
        "Lessons that learners completed are kept. Unpublish the lesson instead: then only staff can see it. The member `lessons` lists the completed lessons.";
    NOT_PUBLISHABLE = 409 "not-publishable", "Something is missing for publishing",
        "The member `missing` lists what a course or lesson needs before it can be published.";
    LEARNERS_ENROLLED = 409 "learners-enrolled", "Learners are enrolled",
        "A published course with learners can be archived, not taken back to a draft.";
    NOT_ENROLLABLE = 409 "not-enrollable", "The course is not open for enrolment",
        "Learners can enrol only in a published course.";
    PREREQUISITE_CYCLE = 409 "prerequisite-cycle", "The course would be its own prerequisite",
        "The member `path` lists the courses of the cycle. Leave out one of these prerequisites.";
    PREREQUISITES_UNMET = 409 "prerequisites-unmet", "Prerequisites are not met yet",
        "The member `prerequisites` lists each required course, with the required percentage and the percentage reached.";
    PAYMENT_REQUIRED = 409 "payment-required", "The course has a price",
        "Payments are not supported yet, so learners can't enrol themselves in a course with a price. The course's staff can enrol you.";
    COURSE_COMPLETED = 409 "course-completed", "The course is completed",
        "A completed course stays completed: its lesson completions can't be undone.";
    COURSE_NOT_DELETED = 409 "course-not-deleted", "The course is not deleted", "Only a deleted course can be restored.";
    UPLOAD_CLOSED = 409 "upload-closed", "The upload is closed",
        "The upload is complete, was rejected, or has expired; the detail says which. Create a new upload to send another file. To remove a file that a lesson shows, remove it from the lesson.";
    UPLOAD_INCOMPLETE = 409 "upload-incomplete", "Parts of the file are missing",
        "The member `missing` lists the parts that have not arrived, and `wrong` those that differ from what you sent. Send them again, with addresses from POST /v1/uploads/{upload_id}/parts, then complete the upload.";
    UPLOADS_UNFINISHED = 409 "uploads-unfinished", "Too many uploads are unfinished",
        "Finish some of the uploads in the member `uploads`, or cancel them with DELETE /v1/uploads/{upload_id}. Uploads expire a day after they were created.";
    COURSE_FULL = 409 "course-full", "The course's storage is full",
        "The members `used_bytes` and `limit_bytes` show the use and the limit; unfinished uploads count. Remove files, or ask the operator for a higher limit.";
    LIMIT_REACHED = 409 "limit-reached", "The limit is reached",
        "A course has up to 200 sections and 1,000 lessons, and a lesson up to 100 documents. Remove some, or create another course.";
    IDEMPOTENCY_KEY_IN_USE = 409 "idempotency-key-in-use", "The same call is still running",
        "A call with this Idempotency-Key has not been answered yet. Send it again in a moment to get the first call's answer.";
    EMAIL_NOT_VERIFIED = 409 "email-not-verified", "The email is not verified yet",
        "Anyone can register an address. A person can get a role after verifying their address, or by an invitation with POST /v1/users, which replaces the registration.";
    PASSWORD_REQUIRED = 409 "password-required", "Choose a password to verify the email",
        "More than one person claims this address. Send the token again with the member `password`: the password for the new account, or, when you change your email, your current password. The token is still valid.";
    EMAIL_TAKEN = 409 "email-taken", "The email is taken", "An account has this email already, perhaps a closed one, which can be restored.";
    LAST_ADMINISTRATOR = 409 "last-administrator", "The last administrator can't be removed",
        "This change would leave no administrator. Make another user an administrator first.";
    ROLE_IN_USE = 409 "role-in-use", "Users hold the role", "Give these users another role first. A role can't be deleted while users hold it; closed accounts count.";
    BUILT_IN_ROLE = 409 "built-in-role", "The role is built in",
        "The roles admin, instructor and student can't be renamed or deleted, and admin always has all permissions. The permissions of the other two can be changed.";
    USER_NOT_DELETED = 409 "user-not-deleted", "The account is not closed", "Only a closed account can be restored.";
    USER_ERASED = 409 "user-erased", "The account is erased",
        "The account was closed more than 30 days ago, and its personal data was erased. Invite the person again.";
    PRECONDITION_FAILED = 412 "precondition-failed", "It has changed since you read it",
        "If-Match names an older version. Read the object again (the member `current` is its version), and send your change with the new ETag.";
    BODY_TOO_LARGE = 413 "body-too-large", "The body is too large", "A request body may have at most 1 MiB.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type", "Unsupported media type", "Send the body as application/json in UTF-8, or as text/csv for an import.";
    INVALID = 422 "invalid", "The input is not valid",
        "`errors` lists each fault: its `pointer` into the body (or the query `parameter`, or the `header`), a `code` for programs, and a `detail` for people.";
    INVALID_TOKEN = 422 "invalid-token", "The link is no longer valid",
        "The token was used, has expired, or was replaced by a newer one. Ask for a new mail.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused", "The key belongs to another call",
        "This Idempotency-Key was sent within the last 24 hours with another address or body. Create a new key for each call.";
    TOO_MANY = 429 "too-many-requests", "Too many requests",
        "This call is limited, to protect secrets from guessing and mailboxes from floods. Try again after the number of seconds in Retry-After; nothing is locked permanently.";
    INTERNAL = 500 "internal", "Something went wrong on our side",
        "The error was logged under the request id in `instance`. Try again; if it fails again, tell the operator this id.";
    UNAVAILABLE = 503 "unavailable", "Temporarily unavailable",
        "A service that we depend on is unavailable or too busy. Nothing was lost; try again after the number of seconds in Retry-After.";
}
