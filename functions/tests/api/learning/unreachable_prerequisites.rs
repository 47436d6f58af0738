//! Prerequisites that new learners can't meet any more.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

/// A course that comes after another one of the same instructor.
struct School {
    lyceum: Arc<Lyceum>,
    instructor: Caller,
    first: CourseInProgress,
    course: CourseInProgress,
}

impl School {
    async fn new() -> Self {
        let lyceum = Lyceum::new().await;
        let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
        let first = CourseInProgress::published(&admin, &instructor, 2).await;
        first.change(json!({ "title": "The first" })).await;
        let course = CourseInProgress::published(&admin, &instructor, 1).await;
        let after = json!([{ "prerequisite_course_id": first.id }]);
        instructor.put(&course.path("/prerequisites"), after).await.ok();
        Self { lyceum, instructor, first, course }
    }

    async fn archive_the_first(&self) {
        self.instructor.post(&self.first.path("/archive"), json!({})).await.ok();
    }

    async fn refused(&self, learner: &Caller) -> Value {
        learner.post(&self.course.path("/enrollments"), json!({})).await.problem(409, "prerequisites-unmet")
    }

    async fn open_to(&self) -> Value {
        let list = self.instructor.get(&self.course.path("/prerequisites")).await.ok();
        list["data"][0]["open_to"].clone()
    }
}

#[tokio::test]
async fn an_archived_one_does_not_keep_new_learners_out() {
    let school = School::new().await;
    school.refused(&school.lyceum.student().await).await;
    school.archive_the_first().await;
    school.course.enroll(&school.lyceum.student().await).await;
}

#[tokio::test]
async fn one_that_went_back_to_a_draft_does_not_keep_new_learners_out() {
    let school = School::new().await;
    school.instructor.post(&school.first.path("/unpublish"), json!({})).await.ok();
    school.course.enroll(&school.lyceum.student().await).await;
}

#[tokio::test]
async fn a_deleted_one_does_not_keep_anyone_out() {
    let school = School::new().await;
    let learner = school.lyceum.student().await;
    school.first.enroll(&learner).await;
    school.instructor.delete(&school.first.path("")).await.no_content();
    school.course.enroll(&learner).await;
}

#[tokio::test]
async fn one_without_a_lesson_that_counts_does_not_keep_anyone_out() {
    let school = School::new().await;
    let learner = school.lyceum.student().await;
    school.first.enroll(&learner).await;
    for lesson in &school.first.lessons {
        school.instructor.patch(&format!("/v1/lessons/{lesson}"), json!({ "requires_completion": false })).await.ok();
    }
    school.course.enroll(&learner).await;
    school.course.enroll(&school.lyceum.student().await).await;
}

#[tokio::test]
async fn who_is_enrolled_in_an_archived_one_still_completes_it_first() {
    let school = School::new().await;
    let learner = school.lyceum.student().await;
    school.first.enroll(&learner).await;
    school.first.complete(&learner, 0).await;
    school.archive_the_first().await;
    let refused = school.refused(&learner).await;
    assert_eq!(refused["prerequisites"][0]["title"], "The first", "they may see it");
    school.first.complete(&learner, 1).await;
    school.course.enroll(&learner).await;
}

#[tokio::test]
async fn dropping_an_archived_one_is_no_way_around_it() {
    let school = School::new().await;
    let learner = school.lyceum.student().await;
    let enrollment = school.first.enroll(&learner).await;
    school.archive_the_first().await;
    learner.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    let refused = school.refused(&learner).await;
    assert!(!refused.to_string().contains("The first"), "they may not see it any more: {refused}");
    let by_staff = json!({ "user_id": learner.id });
    school.instructor.post(&school.course.path("/enrollments"), by_staff).await.created();
}

#[tokio::test]
async fn one_that_is_open_by_invitation_is_still_needed_and_the_refusal_says_whom_to_ask() {
    let school = School::new().await;
    let learner = school.lyceum.student().await;
    school.first.change(json!({ "visibility": "private" })).await;
    let refused = school.refused(&learner).await;
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("ask the teacher") && !detail.contains("The first"), "{detail}");
    school.instructor.post(&school.first.path("/enrollments"), json!({ "user_id": learner.id })).await.created();
    let detail = school.refused(&learner).await["detail"].clone();
    assert_eq!(detail, "Complete first: The first.", "the invited may know its title");
}

#[tokio::test]
async fn staff_see_who_can_still_meet_a_prerequisite() {
    let school = School::new().await;
    assert_eq!(school.open_to().await, "anyone");
    for change in [json!({ "visibility": "restricted" }), json!({ "visibility": "private" })] {
        school.first.change(change).await;
        assert_eq!(school.open_to().await, "invited");
    }
    school.first.change(json!({ "visibility": "public", "price": "1.00" })).await;
    assert_eq!(school.open_to().await, "invited");
    school.first.change(json!({ "price": "0.00" })).await;
    school.archive_the_first().await;
    assert_eq!(school.open_to().await, "nobody");
}

#[tokio::test]
async fn nobody_but_staff_sees_it() {
    let school = School::new().await;
    for caller in [school.lyceum.student().await, school.lyceum.instructor().await, school.lyceum.anonymous()] {
        let list = caller.get(&school.course.path("/prerequisites")).await.ok();
        assert_eq!(list["data"][0].get("open_to"), None);
    }
}

#[tokio::test]
async fn a_list_that_staff_have_kept_is_stale_when_a_prerequisite_closes() {
    let school = School::new().await;
    let path = school.course.path("/prerequisites");
    let kept = school.instructor.get(&path).await.header("etag").to_owned();
    let unless_kept = school.instructor.with_header("if-none-match", &kept);
    unless_kept.get(&path).await.is(304);
    school.archive_the_first().await;
    unless_kept.get(&path).await.is(200);
    // The course itself did not change: an edit that is based on the list goes through.
    school.instructor.with_header("if-match", &kept).put(&path, json!([])).await.ok();
    school.instructor.with_header("if-match", &kept).put(&path, json!([])).await.problem(412, "precondition-failed");
}
