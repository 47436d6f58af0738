//! Exports, counts, search and problems show nothing that the caller may not see.

use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn counts_and_search_exclude_hidden_courses() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let hidden = CourseInProgress::published(&admin, &instructor, 1).await;
    hidden.change(json!({ "visibility": "private", "title": "Whisperings" })).await;
    let draft = CourseInProgress::draft(&admin, &instructor, 1).await;
    draft.change(json!({ "title": "Whisperings, a draft" })).await;
    for caller in [&student, &lyceum.anonymous()] {
        assert_eq!(caller.get("/v1/courses?q=whisperings").await.ok()["data"], json!([]));
        assert_eq!(caller.get("/v1/courses?status=draft").await.status / 100, 2);
        let categories = caller.get("/v1/categories").await.ok();
        assert!(categories["data"].as_array().unwrap().iter().all(|category| category["course_count"] == 0));
    }
}

#[tokio::test]
async fn a_hidden_course_has_the_same_responses_as_a_missing_one() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let hidden = CourseInProgress::draft(&admin, &instructor, 1).await;
    let slug = instructor.get(&hidden.path("")).await.ok()["slug"].as_str().unwrap().to_owned();
    let never = "01920000-0000-7000-8000-000000000000";
    let without_id = |mut problem: Value| {
        problem["instance"] = Value::Null;
        problem
    };
    for (method, path, body) in [
        ("GET", "/v1/courses/ID", None),
        ("GET", "/v1/courses/ID/outline", None),
        ("PATCH", "/v1/courses/ID", Some(json!({ "title": "Mine" }))),
        ("DELETE", "/v1/courses/ID", None),
        ("POST", "/v1/courses/ID/publish", None),
        ("POST", "/v1/courses/ID/restore", None),
        ("POST", "/v1/courses/ID/enrollments", Some(json!({}))),
        ("POST", "/v1/courses/ID/sections", Some(json!({ "title": "Mine" }))),
        ("PUT", "/v1/courses/ID/sections/order", Some(json!([]))),
    ] {
        let there = student.send(method, &path.replace("ID", &hidden.id), body.clone()).await.problem(404, "not-found");
        let never = student.send(method, &path.replace("ID", never), body).await.problem(404, "not-found");
        assert_eq!(without_id(there), without_id(never), "{method} {path}");
    }
    student.get(&format!("/v1/courses/{slug}")).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_hidden_prerequisite_is_unmet_and_its_title_is_not_shown() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let hidden = CourseInProgress::published(&admin, &instructor, 1).await;
    hidden.change(json!({ "visibility": "private", "title": "Whisperings" })).await;
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    sqlx::query("INSERT INTO course_prerequisites (course_id, prerequisite_course_id) VALUES ($1::uuid, $2::uuid)")
        .bind(&course.id)
        .bind(&hidden.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    let answer = student.post(&course.path("/enrollments"), json!({})).await;
    assert!(!answer.text.contains("Whisperings"), "{}", answer.text);
    answer.problem(409, "prerequisites-unmet");
}

#[tokio::test]
async fn courses_do_not_show_users_emails_or_usernames() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    for answer in [
        student.get(&course.path("")).await,
        lyceum.anonymous().get(&course.path("")).await,
        lyceum.anonymous().get("/v1/courses").await,
        student.get(&course.path("/outline")).await,
    ] {
        let answer = answer.is(200);
        assert!(!answer.text.contains("@school.test"), "{}", answer.text);
        assert!(!answer.text.contains(&instructor.username), "{}", answer.text);
    }
    // only staff can find out by enrolling others who has an account
    let unknown = json!({ "email": "nobody@school.test" });
    let known = json!({ "email": admin.email });
    let answers = [
        student.post(&course.path("/enrollments"), unknown).await,
        student.post(&course.path("/enrollments"), known).await,
    ];
    for answer in answers {
        answer.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn an_export_contains_no_data_of_others() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.add_lesson(json!({ "title": "Whisperings", "markdown_content": "Text." })).await;
    course.enroll(&student).await;
    let other = lyceum.student().await;
    course.enroll(&other).await;
    let export = student.get("/v1/me/export").await.is(200).text;
    for foreign in [&other.id, &other.email, &instructor.email, &admin.email, &instructor.id] {
        assert!(!export.contains(foreign.as_str()), "{foreign} in {export}");
    }
    assert!(!export.contains("Whisperings"), "{export}");
}

#[tokio::test]
async fn an_export_shows_the_completion_of_an_unpublished_lesson_without_its_title() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    course.enroll(&student).await;
    course.complete(&student, 0).await;
    let withdrawn = json!({ "is_published": false, "title": "Whisperings" });
    instructor.patch(&format!("/v1/lessons/{}", course.lessons[0]), withdrawn).await.ok();
    let export = student.get("/v1/me/export").await.is(200);
    assert_eq!(export.body["lesson_completions"][0]["lesson_id"], course.lessons[0]);
    assert!(!export.text.contains("Whisperings"), "the title of an unpublished lesson is hidden: {}", export.text);
}
