use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn enrolling_is_201_and_then_200_with_the_same_enrolment() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("/enrollments");
    lyceum.anonymous().post(&path, json!({})).await.problem(401, "unauthorized");
    let first = learner.post(&path, json!({})).await.created();
    assert_eq!((first["status"].as_str(), first["completion_percentage"].as_str()), (Some("active"), Some("0.00")));
    assert_eq!(
        (first["user_id"].as_str(), first["course_id"].as_str()),
        (Some(learner.id.as_str()), Some(course.id.as_str()))
    );
    assert_eq!(learner.post(&path, json!({})).await.ok(), first);
    assert_eq!(learner.send("POST", &path, None).await.ok(), first, "no body will do");
    assert_eq!(learner.post("/v1/courses/a-course/enrollments", json!({})).await.ok(), first, "nor does it take an id");
    assert_eq!(lyceum.audited("enrollment.create").await.len(), 1);
    learner.post("/v1/courses/nothing/enrollments", json!({})).await.problem(404, "not-found");
    assert_eq!(learner.post(&path, json!({ "status": "completed" })).await.faults(), ["/status unknown_field"]);
}

#[tokio::test]
async fn drafts_and_deleted_courses_take_nobody() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    learner.post(&course.path("/enrollments"), json!({})).await.problem(404, "not-found");
    instructor.post(&course.path("/enrollments"), json!({})).await.problem(409, "not-enrollable");
    instructor.delete(&course.path("")).await.no_content();
    instructor.post(&course.path("/enrollments"), json!({})).await.problem(404, "not-found");
}

#[tokio::test]
async fn staff_enrol_others_past_visibility_price_and_prerequisites() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("/enrollments");
    course.change(json!({ "visibility": "restricted", "price": "49.00" })).await;
    learner.post(&path, json!({})).await.problem(403, "forbidden");
    course.change(json!({ "visibility": "public" })).await;
    learner.post(&path, json!({})).await.problem(409, "payment-required");
    course.change(json!({ "visibility": "private" })).await;
    learner.post(&path, json!({})).await.problem(404, "not-found");

    let by_email = instructor.post(&path, json!({ "email": learner.email.to_uppercase() })).await.created();
    assert_eq!(by_email["user_id"], learner.id);
    learner.get(&course.path("")).await.ok();
    let second = lyceum.student().await;
    instructor.post(&path, json!({ "user_id": second.id })).await.created();
    let enrolled = lyceum.audited("enrollment.create").await;
    assert_eq!(
        (&enrolled[0]["user_id"], &enrolled[0]["changes"]["user_id"]["to"]),
        (&json!(instructor.id), &json!(learner.id))
    );

    assert_eq!(instructor.post(&path, json!({ "email": "no@body.test" })).await.faults(), ["/email unknown_user"]);
    assert_eq!(instructor.post(&path, json!({ "user_id": course.id })).await.faults(), ["/user_id unknown_user"]);
    let both = json!({ "user_id": learner.id, "email": learner.email });
    assert_eq!(instructor.post(&path, both).await.faults(), ["/email ambiguous"]);
    learner.post(&path, json!({ "user_id": instructor.id })).await.problem(403, "forbidden");
    learner.post(&path, json!({ "user_id": learner.id })).await.ok();
}

#[tokio::test]
async fn unmet_prerequisites_are_listed_with_the_percentage_reached() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let first = CourseInProgress::published(&admin, &instructor, 2).await;
    let hidden = CourseInProgress::published(&admin, &instructor, 1).await;
    hidden.change(json!({ "title": "Secret", "visibility": "private" })).await;
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    sqlx::query("INSERT INTO course_prerequisites (course_id, prerequisite_course_id, min_completion_percentage) SELECT $1::uuid, unnest($2::uuid[]), 50")
        .bind(&course.id)
        .bind([&first.id, &hidden.id].map(|id| id.parse::<uuid::Uuid>().unwrap()))
        .execute(&lyceum.database)
        .await
        .unwrap();
    let path = course.path("/enrollments");
    let problem = learner.post(&path, json!({})).await.problem(409, "prerequisites-unmet");
    let unmet = problem["prerequisites"].as_array().unwrap();
    let one = |id: &str| unmet.iter().find(|one| one["prerequisite_course_id"] == id).unwrap();
    assert_eq!(
        one(&first.id),
        &json!({
            "prerequisite_course_id": first.id, "title": "A course", "min_completion_percentage": 50, "completion_percentage": "0.00",
        })
    );
    assert_eq!(one(&hidden.id)["title"], Value::Null, "what the caller may not know of stays unnamed");

    first.enroll(&learner).await;
    first.complete(&learner, 0).await;
    sqlx::query("DELETE FROM course_prerequisites WHERE prerequisite_course_id = $1::uuid")
        .bind(&hidden.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    assert_eq!(instructor.get(&course.path("")).await.ok()["prerequisites"], json!([first.id]));
    learner.post(&path, json!({})).await.created();
}

#[tokio::test]
async fn staff_who_enrol_others_pass_prerequisites_and_strangers_are_refused() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let course = course_after(&lyceum, &first, 100).await;
    let path = course.path("/enrollments");
    learner.post(&path, json!({})).await.problem(409, "prerequisites-unmet");
    for target in [json!({ "email": instructor.email }), json!({ "user_id": instructor.id })] {
        for stranger in [&learner, &lyceum.instructor().await] {
            stranger.post(&path, target.clone()).await.problem(403, "forbidden");
        }
    }
    assert_eq!(lyceum.audited("request.refuse").await.len(), 4);
    let enrolled = admin.post(&path, json!({ "email": learner.email })).await.created();
    assert_eq!(admin.post(&path, json!({ "email": learner.email })).await.ok(), enrolled);
    assert_eq!(learner.post(&path, json!({ "user_id": null })).await.ok(), enrolled);
    let row = &lyceum.audited("enrollment.create").await[0];
    assert_eq!((&row["user_id"], &row["resource_id"]), (&json!(admin.id), &enrolled["id"]));
    assert!(!row.to_string().contains('@'), "an email would outlive its erasure: {row}");
    for (target, fault) in [
        (json!({ "email": "no" }), "/email invalid_email"),
        (json!({ "user_id": "no" }), "/user_id invalid_id"),
        (json!({ "name": "no" }), "/name unknown_field"),
    ] {
        assert_eq!(admin.post(&path, target).await.faults(), [fault]);
    }
}

#[tokio::test]
async fn a_prerequisite_is_met_from_its_percentage_on() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let first = CourseInProgress::published(&admin, &instructor, 3).await;
    let course = course_after(&lyceum, &first, 67).await;
    let path = course.path("/enrollments");
    first.enroll(&learner).await;
    for (lesson, reached) in [(0, "33.33"), (1, "66.66")] {
        first.complete(&learner, lesson).await;
        let problem = learner.post(&path, json!({})).await.problem(409, "prerequisites-unmet");
        assert_eq!(problem["prerequisites"][0]["completion_percentage"], reached);
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, 1);
    first.complete(&learner, 2).await;
    learner.post(&path, json!({})).await.created();
}

#[tokio::test]
async fn an_unmet_prerequisite_that_the_learner_may_not_know_of_stays_unnamed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    first.change(json!({ "title": "Secret" })).await;
    let course = course_after(&lyceum, &first, 100).await;
    let told = || async {
        learner.post(&course.path("/enrollments"), json!({})).await.problem(409, "prerequisites-unmet").to_string()
    };
    assert!(told().await.contains("Secret"));
    first.change(json!({ "visibility": "private" })).await;
    assert!(!told().await.contains("Secret"));
}

#[tokio::test]
async fn a_private_course_is_known_to_its_staff_and_the_enrolled() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.change(json!({ "visibility": "private" })).await;
    let (path, lesson) = (course.path("/enrollments"), format!("/v1/lessons/{}", course.lessons[0]));
    let id = instructor.post(&path, json!({ "user_id": learner.id })).await.created()["id"].clone();
    for seen in [course.path(""), course.path("/outline"), lesson.clone(), format!("{lesson}/media")] {
        learner.get(&seen).await.ok();
        lyceum.student().await.get(&seen).await.problem(404, "not-found");
    }
    lyceum.student().await.put(&format!("{lesson}/completion"), json!({})).await.problem(404, "not-found");
    assert_eq!(learner.post(&path, json!({})).await.ok()["id"], id);
    learner.delete(&format!("/v1/enrollments/{}", id.as_str().unwrap())).await.no_content();
    learner.get(&course.path("")).await.problem(404, "not-found");
    learner.post(&path, json!({})).await.problem(404, "not-found");
    instructor.post(&path, json!({ "user_id": learner.id })).await.ok();
    learner.get(&course.path("")).await.ok();
    let row = &lyceum.audited("enrollment.resume").await[0];
    assert_eq!((&row["user_id"], &row["changes"]["status"]["from"]), (&json!(instructor.id), &json!("dropped")));
}

/// Another published course of the instructor's, after the first.
async fn course_after(lyceum: &Lyceum, first: &CourseInProgress, percentage: i32) -> CourseInProgress {
    let course = first.instructor.get(&first.path("")).await.ok();
    let body = json!({
        "title": "After", "description": "d", "category_id": course["category_id"],
        "prerequisites": [{ "prerequisite_course_id": first.id, "min_completion_percentage": percentage }],
    });
    let course = first.instructor.post("/v1/courses", body).await.created();
    let id = course["id"].as_str().unwrap().to_owned();
    let section = first.instructor.post(&format!("/v1/courses/{id}/sections"), json!({ "title": "s" })).await.created();
    let section = section["id"].as_str().unwrap().to_owned();
    let mut course = CourseInProgress { id, section, instructor: first.instructor.clone(), lessons: Vec::new() };
    course.add_lesson(json!({ "title": "l", "content": "c", "is_published": true })).await;
    course.instructor.post(&course.path("/publish"), json!({})).await.ok();
    assert!(lyceum.audited("course.publish").await.len() > 1);
    course
}
