//! Every problem that an answer can name (RFC 9457): the list that the code, the OpenAPI document
//! and the pages under `/problems/` share.

/// A kind of problem. Its type is `/problems/{name}`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What it means and what to do, for whoever reads its page.
    pub meaning: &'static str,
}

macro_rules! problems {
    ($($constant:ident = $status:literal $name:literal, $title:literal, $meaning:literal;)*) => {
        $(pub const $constant: Kind = Kind { name: $name, status: $status, title: $title, meaning: $meaning };)*

        /// All of them, in the order of their status.
        pub const ALL: &[&Kind] = &[$(&$constant),*];
    };
}

problems! {
    UNAUTHORIZED = 401 "unauthorized", "Sign in first",
        "The call needs an access token that is valid now. Sign in with POST /v1/auth/login and send the token as Authorization: Bearer.";
    INVALID_CREDENTIALS = 401 "invalid-credentials", "Wrong identifier or password",
        "No account has this email or username with this password, or its email is not verified yet. The answer is the same for all three on purpose: it tells nobody which addresses have an account.";
    INVALID_REFRESH_TOKEN = 401 "invalid-refresh-token", "Sign in again",
        "The refresh token is unknown, has expired, or was used before; or its session has ended. Sign in with POST /v1/auth/login.";
    FORBIDDEN = 403 "forbidden", "Not allowed",
        "You may know of this, but not do it. The detail says what it takes.";
    WRONG_PASSWORD = 403 "wrong-password", "The password is wrong",
        "You are signed in, but this call takes your password once more, and this is not it.";
    NOT_FOUND = 404 "not-found", "Not found",
        "There is nothing at this address, or you may not know of it. Both are answered alike.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed", "Method not allowed",
        "The address exists, and takes other methods. The Allow header lists them.";
    CONFLICT = 409 "conflict", "It can't be done as things stand",
        "The request is well formed, and what it refers to is in another state. The detail says which.";
    USERNAME_TAKEN = 409 "username-taken", "The username is taken", "Choose another username.";
    NAME_TAKEN = 409 "name-taken", "The name is taken", "Choose another name.";
    SLUG_TAKEN = 409 "slug-taken", "The slug is taken", "Choose another slug, or leave it out to have one made from the title.";
    CATEGORY_IN_USE = 409 "category-in-use", "The category has courses",
        "Move its courses to another category first. `course_count` is their number, drafts and private ones included, and `deleted_course_count` that of deleted ones, which DELETE moves to the category that `deleted_courses_to` names.";
    INCOMPLETE_ORDER = 409 "incomplete-order", "The order is not the complete list",
        "An order names every item exactly once. The members `missing`, `unknown` and `repeated` say what differs; read the list again and retry.";
    LESSON_COMPLETED = 409 "lesson-completed", "Somebody completed the lesson",
        "What a learner completed is kept. Unpublish the lesson: it disappears from everyone but staff. The member `lessons` lists them.";
    NOT_PUBLISHABLE = 409 "not-publishable", "Something is missing for publishing",
        "The member `missing` lists what a course or lesson needs before it can be published.";
    LEARNERS_ENROLLED = 409 "learners-enrolled", "Learners are enrolled",
        "A published course with learners can be archived, not taken back to a draft.";
    NOT_ENROLLABLE = 409 "not-enrollable", "The course takes no learners now",
        "Only a published course can be enrolled in.";
    PREREQUISITE_CYCLE = 409 "prerequisite-cycle", "The course would come before itself",
        "The member `path` names the courses on the way round. Leave out one of the prerequisites on it.";
    PREREQUISITES_UNMET = 409 "prerequisites-unmet", "Prerequisites are not met yet",
        "The member `prerequisites` lists each course that comes first, the percentage that it takes and the percentage reached.";
    PAYMENT_REQUIRED = 409 "payment-required", "The course has a price",
        "Enrolling oneself in a course with a price is not possible until payments are. Its staff can enrol you.";
    COURSE_COMPLETED = 409 "course-completed", "The course is completed",
        "A completed course stays completed: its completions can't be taken back.";
    COURSE_NOT_DELETED = 409 "course-not-deleted", "The course is not deleted", "Only a deleted course can be restored.";
    UPLOAD_CLOSED = 409 "upload-closed", "Nothing can be sent to the upload any more",
        "It is complete, was rejected, or has expired; the detail says which. Ask for a new upload to send another file. A file that a lesson shows is removed from the lesson.";
    UPLOAD_INCOMPLETE = 409 "upload-incomplete", "Not all of the file is there",
        "The member `missing` lists the parts that have not arrived, and `wrong` those that are not as you say; send them again, with addresses from POST /v1/uploads/{upload_id}/parts, and complete the upload then.";
    UPLOADS_UNFINISHED = 409 "uploads-unfinished", "Too many uploads are unfinished",
        "Finish some of those that the member `uploads` lists, or give them up with DELETE /v1/uploads/{upload_id}. They expire by themselves a day after they were begun.";
    COURSE_FULL = 409 "course-full", "The course's files take all its space",
        "The members `used_bytes` and `limit_bytes` say how much there is; files of unfinished uploads count. Remove some, or ask the operator for more.";
    LIMIT_REACHED = 409 "limit-reached", "There are as many as there can be",
        "A course has up to 200 sections and 1,000 lessons, and a lesson up to 100 documents. Remove some, or begin another course.";
    IDEMPOTENCY_KEY_IN_USE = 409 "idempotency-key-in-use", "The same call is still running",
        "A call with this Idempotency-Key has not been answered yet. Send it again in a moment: the answer will be the first one's.";
    EMAIL_NOT_VERIFIED = 409 "email-not-verified", "The email is not verified yet",
        "Anyone can register an address. A person gets a role once they have verified theirs, or by an invitation with POST /v1/users, which takes the registration over.";
    PASSWORD_REQUIRED = 409 "password-required", "Choose a password to verify the email",
        "More than one person claims the address. Send the token again, with the member `password`: the one that the new account gets, or, for a change of email, the password of the account. The token still works.";
    EMAIL_TAKEN = 409 "email-taken", "The email is taken", "An account has this email already, perhaps a closed one, which can be restored.";
    LAST_ADMINISTRATOR = 409 "last-administrator", "The last administrator stays one",
        "After this change nobody could do everything any more. Make somebody else an administrator first.";
    ROLE_IN_USE = 409 "role-in-use", "Users hold the role", "Give them another role first; a role that users hold, closed accounts too, can't be deleted.";
    BUILT_IN_ROLE = 409 "built-in-role", "The role is built in",
        "The roles admin, instructor and student can't be renamed or deleted, and admin can do everything. What the other two allow can be changed.";
    USER_NOT_DELETED = 409 "user-not-deleted", "The account is not closed", "Only a closed account can be restored.";
    USER_ERASED = 409 "user-erased", "The account is erased",
        "It was closed more than 30 days ago: what was personal of it is gone for good. Invite the person anew.";
    PRECONDITION_FAILED = 412 "precondition-failed", "It has changed since you read it",
        "If-Match names an older version. Read the object again (its version is in the member `current`), and send your change with the new ETag.";
    BODY_TOO_LARGE = 413 "body-too-large", "The body is too large", "A body may have 1 MiB.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type", "The call takes another type", "Send the body as application/json, in UTF-8; an import of lines as text/csv.";
    INVALID = 422 "invalid", "The input is not valid",
        "Each fault stands in `errors`: its `pointer` into the body (or the `parameter` of the query, or the `header`), a `code` for programs, and a `detail` for people.";
    INVALID_TOKEN = 422 "invalid-token", "The link does not work any more",
        "The token was used, has expired, or was replaced by a newer one. Ask for a new mail.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused", "The key belongs to another call",
        "This Idempotency-Key was sent within the last 24 hours with another address or body. A key names one call: make a new one for each.";
    TOO_MANY = 429 "too-many-requests", "Too many of these for a while",
        "This call is limited, so that nobody guesses secrets or floods a mailbox. Try again after the seconds in Retry-After; nothing is locked for good.";
    INTERNAL = 500 "internal", "Something went wrong on our side",
        "It was logged under the request id in `instance`. Trying again may help; telling the operator the id does.";
    UNAVAILABLE = 503 "unavailable", "Not available for a moment",
        "Something that we depend on is away or too busy. Nothing was lost; try again after the seconds in Retry-After.";
}
