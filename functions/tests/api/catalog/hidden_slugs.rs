//! Protects against H10: a slug that a hidden course has is not refused, since a refusal tells that the course exists.

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

/// A draft with the slug `secret`, and a stranger who teaches a course of their own.
async fn hidden_and_other(lyceum: &std::sync::Arc<Lyceum>) -> (CourseInProgress, CourseInProgress) {
    let admin = lyceum.admin().await;
    let hidden = CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await;
    hidden.change(json!({ "slug": "secret" })).await;
    (hidden, CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await)
}

fn assert_suffixed(course: &Value) {
    let slug = course["slug"].as_str().unwrap();
    assert!(slug.starts_with("secret-") && slug.len() == "secret-".len() + 6, "{slug}");
}

async fn create(caller: &Caller, other: &CourseInProgress, slug: &str) -> crate::harness::Answer {
    let category = other.instructor.get(&other.path("")).await.ok()["category_id"].clone();
    let body = json!({ "title": "t", "description": "d", "category_id": category, "slug": slug });
    caller.post("/v1/courses", body).await
}

#[tokio::test]
async fn a_new_course_gets_a_suffix() {
    let lyceum = Lyceum::new().await;
    let (_, other) = hidden_and_other(&lyceum).await;
    assert_suffixed(&create(&other.instructor, &other, "secret").await.created());
}

#[tokio::test]
async fn a_private_course_is_hidden_too() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let hidden = CourseInProgress::published(&admin, &lyceum.instructor().await, 1).await;
    hidden.change(json!({ "slug": "secret", "visibility": "private" })).await;
    let other = CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await;
    assert_suffixed(&create(&other.instructor, &other, "secret").await.created());
}

#[tokio::test]
async fn a_copy_gets_a_suffix() {
    let lyceum = Lyceum::new().await;
    let (_, other) = hidden_and_other(&lyceum).await;
    let copy = other.instructor.post(&other.path("/duplicate"), json!({ "slug": "secret" })).await.created();
    assert_suffixed(&copy);
}

#[tokio::test]
async fn a_renamed_course_gets_a_suffix() {
    let lyceum = Lyceum::new().await;
    let (hidden, other) = hidden_and_other(&lyceum).await;
    assert_suffixed(&other.change(json!({ "slug": "secret" })).await);
    assert_eq!(hidden.instructor.get("/v1/courses/secret").await.ok()["id"], hidden.id, "the other keeps its own");
    assert_eq!(hidden.change(json!({ "slug": "secret", "title": "x" })).await["slug"], "secret");
}

#[tokio::test]
async fn a_restored_course_gets_a_suffix() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    course.change(json!({ "slug": "secret" })).await;
    instructor.delete(&course.path("")).await.no_content();
    CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await.change(json!({ "slug": "secret" })).await;
    assert_suffixed(&instructor.post(&course.path("/restore"), json!({})).await.ok());
}

#[tokio::test]
async fn a_suffix_fits_the_longest_slug() {
    let lyceum = Lyceum::new().await;
    let (hidden, other) = hidden_and_other(&lyceum).await;
    let longest = "a".repeat(255);
    hidden.change(json!({ "slug": longest })).await;
    let slug = create(&other.instructor, &other, &longest).await.created()["slug"].as_str().unwrap().to_owned();
    assert_eq!((slug.len(), &slug[..249]), (255, format!("{}-", "a".repeat(248)).as_str()));
}

#[tokio::test]
async fn a_slug_whose_course_the_caller_may_see_is_refused() {
    let lyceum = Lyceum::new().await;
    let (hidden, other) = hidden_and_other(&lyceum).await;
    create(&lyceum.admin().await, &other, "secret").await.problem(409, "slug-taken");
    create(&hidden.instructor, &other, "secret").await.problem(409, "slug-taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_courses_renamed_at_once_to_one_hidden_slug_each_gets_its_own() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let mut courses = Vec::new();
    for _ in 0..32 {
        courses.push(CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await);
    }
    let renamed: Vec<_> = courses
        .into_iter()
        .map(|course| {
            tokio::spawn(async move {
                let path = course.path("");
                course.instructor.insist("PATCH", &path, Some(json!({ "slug": "secret" }))).await.ok()["slug"].clone()
            })
        })
        .collect();
    let mut slugs = std::collections::HashSet::new();
    for one in renamed {
        slugs.insert(one.await.unwrap().as_str().unwrap().to_owned());
    }
    assert!(slugs.len() == 32 && slugs.contains("secret"), "{slugs:?}");
}
