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
async fn dropping_keeps_history_and_coming_back_takes_it_up() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let id = course.enroll(&learner).await;
    course.complete(&learner, 0).await;
    let path = format!("/v1/enrollments/{id}");
    lyceum.student().await.delete(&path).await.problem(404, "not-found");
    for _ in 0..2 {
        learner.delete(&path).await.no_content();
    }
    assert_eq!(lyceum.audited("enrollment.drop").await.len(), 1);
    let dropped = learner.get(&path).await.ok();
    assert_eq!(
        (dropped["status"].as_str(), dropped["completion_percentage"].as_str()),
        (Some("dropped"), Some("50.00"))
    );
    let completion = format!("/v1/lessons/{}/completion", course.lessons[1]);
    learner.put(&completion, json!({})).await.problem(403, "forbidden");

    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!(
        (back["id"].as_str(), back["status"].as_str(), back["completion_percentage"].as_str()),
        (Some(id.as_str()), Some("active"), Some("50.00"))
    );
    assert_eq!(lyceum.audited("enrollment.resume").await.len(), 1);
    course.complete(&learner, 1).await;
    learner.delete(&path).await.no_content();
    let back = learner.post(&course.path("/enrollments"), json!({})).await.ok();
    assert_eq!((back["status"].as_str(), back["completion_percentage"].as_str()), (Some("completed"), Some("100.00")));
}
