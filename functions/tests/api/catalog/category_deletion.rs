//! Deleting a category in which there are only deleted courses.

use std::sync::Arc;

use serde_json::json;

use crate::harness::{Caller, CourseInProgress, Lyceum};

struct School {
    lyceum: Arc<Lyceum>,
    admin: Caller,
    course: CourseInProgress,
    category: String,
    other: String,
}

impl School {
    /// A deleted course in a category, and another category.
    async fn with_deleted_course() -> Self {
        let lyceum = Lyceum::new().await;
        let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
        let course = CourseInProgress::draft(&admin, &instructor, 1).await;
        let category = instructor.get(&course.path("")).await.ok()["category_id"].as_str().unwrap().to_owned();
        instructor.delete(&course.path("")).await.no_content();
        let other = admin.post("/v1/categories", json!({ "name": "Other" })).await.created();
        let other = other["id"].as_str().unwrap().to_owned();
        Self { lyceum, admin, course, category, other }
    }

    fn path(&self) -> String {
        format!("/v1/categories/{}", self.category)
    }
}

#[tokio::test]
async fn the_refusal_counts_the_deleted_courses_and_says_what_to_do() {
    let school = School::with_deleted_course().await;
    let problem = school.admin.delete(&school.path()).await.problem(409, "category-in-use");
    assert_eq!((&problem["course_count"], &problem["deleted_course_count"]), (&json!(0), &json!(1)));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("deleted courses") && detail.contains("deleted_courses_to"), "{detail}");
}

#[tokio::test]
async fn a_category_is_deleted_when_its_deleted_courses_move_to_another() {
    let school = School::with_deleted_course().await;
    let path = format!("{}?deleted_courses_to={}", school.path(), school.other);
    school.admin.delete(&path).await.no_content();
    school.admin.get(&school.path()).await.problem(404, "not-found");
    let log = &school.lyceum.audited("category.delete").await[0];
    assert_eq!(log["changes"]["deleted_courses_to"]["to"], json!(school.other));
    let restored = school.course.instructor.post(&school.course.path("/restore"), json!({})).await.ok();
    assert_eq!(restored["category_id"], json!(school.other));
}

#[tokio::test]
async fn courses_that_are_not_deleted_stay_and_keep_the_category() {
    let school = School::with_deleted_course().await;
    let body = json!({ "title": "Draft", "description": "d", "category_id": school.category });
    let draft = school.admin.post("/v1/courses", body).await.created();
    let path = format!("{}?deleted_courses_to={}", school.path(), school.other);
    let problem = school.admin.delete(&path).await.problem(409, "category-in-use");
    assert_eq!(problem["course_count"], 1);
    let still = school.admin.get(&format!("/v1/courses/{}", draft["id"].as_str().unwrap())).await.ok();
    assert_eq!(still["category_id"], json!(school.category));
    let restored = school.course.instructor.post(&school.course.path("/restore"), json!({})).await.ok();
    assert_eq!(restored["category_id"], json!(school.category), "all or nothing");
}

#[tokio::test]
async fn the_other_category_must_be_another_one_that_exists() {
    let school = School::with_deleted_course().await;
    for target in ["01a20b2a-4c1d-72f6-bc2d-c4797948c40a", &school.category] {
        let path = format!("{}?deleted_courses_to={target}", school.path());
        assert_eq!(school.admin.delete(&path).await.faults(), ["deleted_courses_to unknown_category"]);
    }
    let path = format!("{}?deleted_courses_to=x", school.path());
    assert_eq!(school.admin.delete(&path).await.faults(), ["deleted_courses_to invalid_id"]);
}

#[tokio::test]
async fn a_course_is_restored_into_a_category_of_choice() {
    let school = School::with_deleted_course().await;
    let (instructor, path) = (&school.course.instructor, school.course.path("/restore"));
    let unknown = json!({ "category_id": "01a20b2a-4c1d-72f6-bc2d-c4797948c40a" });
    assert_eq!(instructor.post(&path, unknown).await.faults(), ["/category_id unknown_category"]);
    let restored = instructor.post(&path, json!({ "category_id": school.other })).await.ok();
    assert_eq!(restored["category_id"], json!(school.other));
    let changes = &school.lyceum.audited("course.restore").await[0]["changes"];
    assert_eq!(changes["category_id"], json!({ "from": school.category, "to": school.other }));
    school.admin.delete(&school.path()).await.no_content();
}
