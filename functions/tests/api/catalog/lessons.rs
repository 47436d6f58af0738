use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn a_lesson_is_read_by_the_enrolled_and_the_staff() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = format!("/v1/lessons/{}", course.lessons[0]);
    lyceum.anonymous().get(&path).await.problem(401, "unauthorized");
    learner.get(&path).await.problem(403, "forbidden");
    lyceum.instructor().await.get(&path).await.problem(403, "forbidden");
    let enrollment = course.enroll(&learner).await;
    let answer = learner.get(&path).await;
    assert_eq!(answer.header("etag"), "\"v1\"");
    let lesson = answer.ok();
    assert_eq!(
        (lesson["markdown_content"].as_str(), lesson["html_content"].as_str()),
        (Some("Text."), Some("<p>Text.</p>\n"))
    );
    assert_eq!(lesson["course_id"], course.id);
    admin.get(&path).await.ok();
    learner.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    learner.get(&path).await.problem(403, "forbidden");
    course.change(json!({ "visibility": "private" })).await;
    learner.get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn reading_moves_last_accessed_at_at_most_once_a_minute() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = format!("/v1/enrollments/{}", course.enroll(&learner).await);
    let mut seen = Vec::new();
    for seconds in [0, 59, 2] {
        lyceum.clock.advance(chrono::TimeDelta::seconds(seconds));
        learner.get(&format!("/v1/lessons/{}", course.lessons[0])).await.ok();
        seen.push(learner.get(&enrollment).await.ok()["last_accessed_at"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["2026-11-23T19:56:00Z", "2026-11-23T19:56:00Z", "2026-11-23T19:57:01Z"]);
}

#[tokio::test]
async fn an_unpublished_lesson_is_seen_by_staff_alone_on_every_path() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let mut course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = course.enroll(&learner).await;
    let hidden = course.add_lesson(json!({ "title": "Secret", "display_order": 0 })).await;
    let path = format!("/v1/lessons/{hidden}");
    for caller in [&learner, &lyceum.student().await, &lyceum.instructor().await] {
        caller.get(&path).await.problem(404, "not-found");
        caller.get(&format!("{path}/media")).await.problem(404, "not-found");
        caller.put(&format!("{path}/completion"), json!({})).await.problem(404, "not-found");
        caller.patch(&path, json!({})).await.problem(404, "not-found");
        caller.delete(&path).await.problem(404, "not-found");
    }
    for path in [course.path("/outline"), format!("/v1/enrollments/{enrollment}"), "/v1/me/enrollments".to_owned()] {
        let seen = learner.get(&path).await.is(200);
        assert!(!seen.text.contains("Secret") && !seen.text.contains(&hidden), "{path}: {}", seen.text);
    }
    assert!(instructor.get(&course.path("/outline")).await.text.contains("Secret"));
    instructor.get(&path).await.ok();
    // Withdrawing hides at once.
    instructor.patch(&format!("/v1/lessons/{}", course.lessons[0]), json!({ "is_published": false })).await.ok();
    learner.get(&format!("/v1/lessons/{}", course.lessons[0])).await.problem(404, "not-found");
}

#[tokio::test]
async fn publishing_checks_what_the_type_needs() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let path = format!("/v1/sections/{}/lessons", course.section);
    for (fields, missing) in [
        (json!({}), Some("markdown_content")),
        (json!({ "markdown_content": "  " }), Some("markdown_content")),
        (json!({ "content": "c" }), None),
        (json!({ "lesson_type": "quiz" }), Some("markdown_content")),
        (json!({ "lesson_type": "video", "content": "c" }), Some("video_url")),
        (json!({ "lesson_type": "video", "video_url": "https://youtu.be/dQw4w9WgXcQ" }), Some("video_provider")),
        (
            json!({ "lesson_type": "video", "video_url": "https://youtu.be/dQw4w9WgXcQ", "video_provider": "youtube" }),
            None,
        ),
        (json!({ "lesson_type": "document", "content": "c" }), Some("document_paths")),
    ] {
        let mut lesson = fields.clone();
        lesson["title"] = json!("l");
        lesson["is_published"] = json!(true);
        let answer = instructor.post(&path, lesson.clone()).await;
        match missing {
            None => drop(answer.created()),
            Some(code) => {
                let problem = answer.problem(409, "not-publishable");
                assert_eq!(problem["missing"][0]["code"], code, "{fields}");
                let nothing = code == "video_url"; // which needs its provider, too
                assert_eq!(problem["missing"].as_array().unwrap().len(), if nothing { 2 } else { 1 }, "{problem}");
            }
        }
        lesson["is_published"] = json!(false);
        let draft = instructor.post(&path, lesson).await.created();
        let publish = instructor
            .patch(&format!("/v1/lessons/{}", draft["id"].as_str().unwrap()), json!({ "is_published": true }))
            .await;
        assert_eq!(publish.status, if missing.is_some() { 409 } else { 200 }, "{fields}");
    }
}

#[tokio::test]
async fn a_lesson_moves_within_its_course_alone() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 2).await;
    let target = instructor.post(&course.path("/sections"), json!({ "title": "Two" })).await.created()["id"].clone();
    let path = format!("/v1/lessons/{}", course.lessons[1]);
    let moved = instructor.patch(&path, json!({ "section_id": target })).await.ok();
    assert_eq!((&moved["section_id"], moved["display_order"].as_i64()), (&target, Some(1)));
    let others = CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await;
    for stranger in [others.section.as_str(), "01a20b2a-4c1d-72f6-bc2d-c4797948c40a"] {
        let faults = instructor.patch(&path, json!({ "section_id": stranger })).await.faults();
        assert_eq!(faults, ["/section_id unknown_section"]);
    }
    let change = &lyceum.audited("lesson.update").await[0]["changes"]["section_id"];
    assert_eq!(change, &json!({ "from": course.section, "to": target }));
}

#[tokio::test]
async fn lessons_are_ordered_by_the_complete_list() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 3).await;
    let path = format!("/v1/sections/{}/lessons/order", course.section);
    instructor.put(&path, json!([course.lessons[0]])).await.problem(409, "incomplete-order");
    let order = json!([course.lessons[2], course.lessons[0], course.lessons[1]]);
    let ordered = instructor.put(&path, order.clone()).await;
    let section = instructor.get(&format!("/v1/sections/{}", course.section)).await;
    assert_eq!(ordered.header("etag"), section.header("etag"));
    let ordered = ordered.ok();
    let ids: Vec<_> = ordered["data"].as_array().unwrap().iter().map(|lesson| lesson["id"].clone()).collect();
    assert_eq!(Value::from(ids), order);
    lyceum.student().await.put(&path, order).await.problem(404, "not-found");
}

#[tokio::test]
async fn bad_input_is_told_and_links_lead_to_the_web() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let path = format!("/v1/sections/{}/lessons", course.section);
    let body = json!({
        "title": 1, "lesson_type": "song", "video_url": "ftp://x", "duration_minutes": -1, "document_paths": [],
        "external_links": [{ "title": "t", "url": "javascript:alert(1)" }, { "url": "https://example.org", "x": 1 }],
    });
    let mut faults = instructor.post(&path, body).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/document_paths unknown_field",
            "/duration_minutes out_of_range",
            "/external_links/0/url invalid_url",
            "/external_links/1/title required",
            "/external_links/1/x unknown_field",
            "/lesson_type unknown_value",
            "/title wrong_type",
            "/video_url invalid_url",
        ]
    );
    let links = json!([{ "title": "t", "url": "https://example.org/a?x=1" }]);
    assert_eq!(
        instructor.post(&path, json!({ "title": "l", "external_links": links })).await.created()["external_links"],
        links
    );
}
