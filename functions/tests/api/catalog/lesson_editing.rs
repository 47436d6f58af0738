use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn a_lesson_is_written_changed_and_deleted_by_the_staff() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let path = format!("/v1/sections/{}/lessons", course.section);
    let answer = instructor.post(&path, json!({ "title": "One", "duration_minutes": 5 })).await;
    assert_eq!(answer.header("etag"), "\"v1\"");
    let lesson = answer.created();
    assert_eq!(
        (&lesson["is_published"], &lesson["requires_completion"], &lesson["lesson_type"], &lesson["display_order"]),
        (&json!(false), &json!(true), &json!("text"), &json!(1))
    );
    assert_eq!((&lesson["html_content"], &lesson["document_paths"]), (&Value::Null, &json!([])));
    let path = format!("/v1/lessons/{}", lesson["id"].as_str().unwrap());
    let change = json!({ "duration_minutes": null, "markdown_content": "*x*", "is_published": true });
    let changed = admin.patch(&path, change).await.ok();
    assert_eq!(
        (&changed["duration_minutes"], &changed["html_content"], &changed["version"]),
        (&Value::Null, &json!("<p><em>x</em></p>\n"), &json!(2))
    );
    let same = instructor.patch(&path, json!({ "markdown_content": "*x*" })).await;
    assert_eq!(same.header("etag"), "\"v2\"");
    assert_eq!(same.ok(), instructor.get(&path).await.ok());
    let stale = instructor.with_header("if-match", "\"v1\"");
    for answer in [stale.patch(&path, json!({ "title": "x" })).await, stale.delete(&path).await] {
        assert_eq!(answer.problem(412, "precondition-failed")["current"], "\"v2\"");
    }
    instructor.with_header("if-none-match", "W/\"v2\"").get(&path).await.is(304);
    instructor.with_header("if-match", "\"v2\"").delete(&path).await.no_content();
    instructor.delete(&path).await.problem(404, "not-found");
    for (action, who) in [("create", &instructor), ("update", &admin), ("delete", &instructor)] {
        let rows = lyceum.audited(&format!("lesson.{action}")).await;
        assert_eq!((rows.len(), &rows[0]["user_id"], &rows[0]["resource_id"]), (1, &json!(who.id), &lesson["id"]));
    }
}

#[tokio::test]
async fn strangers_write_no_lessons() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let (lesson, lessons) =
        (format!("/v1/lessons/{}", course.lessons[0]), format!("/v1/sections/{}/lessons", course.section));
    for (method, path, body) in [
        ("POST", lessons.clone(), json!({ "title": "x" })),
        ("PUT", format!("{lessons}/order"), json!(course.lessons)),
        ("PATCH", lesson.clone(), json!({ "title": "x" })),
        ("DELETE", lesson.clone(), json!({})),
    ] {
        lyceum.anonymous().send(method, &path, Some(body.clone())).await.problem(401, "unauthorized");
        for caller in [&learner, &lyceum.instructor().await] {
            caller.send(method, &path, Some(body.clone())).await.problem(403, "forbidden");
        }
    }
    lyceum.anonymous().get(&format!("{lesson}/media")).await.problem(401, "unauthorized");
    lyceum.instructor().await.get(&format!("{lesson}/media")).await.problem(403, "forbidden");
    assert_eq!(learner.get(&format!("{lesson}/media")).await.ok()["documents"], json!([]));
    assert_eq!(learner.get(&lesson).await.ok()["title"], "Lesson 1");
}

#[tokio::test]
async fn a_lesson_with_a_place_moves_within_its_course_alone_too() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let path = format!("/v1/lessons/{}", course.lessons[0]);
    let others = CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await;
    let own = CourseInProgress::draft(&admin, &instructor, 0).await;
    for section in [others.section.as_str(), &own.section, "01a20b2a-4c1d-72f6-bc2d-c4797948c40a"] {
        let faults = instructor.patch(&path, json!({ "section_id": section, "display_order": 1 })).await.faults();
        assert_eq!(faults, ["/section_id unknown_section"]);
    }
    assert_eq!(instructor.get(&path).await.ok()["course_id"], course.id);
    let target = instructor.post(&course.path("/sections"), json!({ "title": "Two" })).await.created()["id"].clone();
    let moved = instructor.patch(&path, json!({ "section_id": target, "display_order": 7 })).await.ok();
    assert_eq!((&moved["section_id"], &moved["display_order"]), (&target, &json!(7)));
    let lessons = format!("/v1/sections/{}/lessons", target.as_str().unwrap());
    let body = json!({ "title": "x", "section_id": others.section });
    assert_eq!(instructor.post(&lessons, body).await.faults(), ["/section_id unknown_field"]);
}

#[tokio::test]
async fn a_published_lesson_keeps_what_its_type_needs() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let path = format!("/v1/lessons/{}", course.lessons[0]);
    for (change, missing) in [
        (json!({ "markdown_content": null }), "markdown_content"),
        (json!({ "lesson_type": "video" }), "video_url"),
        (json!({ "lesson_type": "document" }), "document_paths"),
    ] {
        let problem = instructor.patch(&path, change).await.problem(409, "not-publishable");
        assert_eq!(problem["missing"][0]["code"], missing);
    }
    assert_eq!(instructor.get(&path).await.header("etag"), "\"v1\"");
    instructor.patch(&path, json!({ "markdown_content": null, "is_published": false })).await.ok();
    assert!(lyceum.audited("lesson.update").await[0]["changes"]["is_published"]["to"] == false);
}

#[tokio::test]
async fn nothing_that_runs_comes_back_as_html() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let markdown =
        "| a |\n|---|\n| **b** |\n\n<script>alert(1)</script><img src=x onerror=alert(1)>\n\n[c](javascript:alert(1))";
    let id = course.add_lesson(json!({ "title": "l", "markdown_content": markdown })).await;
    let lesson = instructor.get(&format!("/v1/lessons/{id}")).await.ok();
    assert_eq!(lesson["markdown_content"], markdown, "stored as given");
    let html = lesson["html_content"].as_str().unwrap();
    assert!(html.contains("<td><strong>b</strong></td>"), "{html}");
    for running in ["<script", "onerror", "href=\"javascript"] {
        assert!(!html.contains(running), "{html}");
    }
}

#[tokio::test]
async fn what_must_be_there_is_not_cleared_and_what_is_ours_is_not_set() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let path = format!("/v1/lessons/{}", course.lessons[0]);
    let fields = ["title", "lesson_type", "external_links", "display_order", "is_published", "section_id"];
    let body: serde_json::Map<_, _> = fields.iter().map(|field| ((*field).to_owned(), Value::Null)).collect();
    let mut faults = instructor.patch(&path, body.into()).await.faults();
    faults.sort();
    let mut expected = fields.map(|field| format!("/{field} not_clearable"));
    expected.sort();
    assert_eq!(faults, expected);
    for (field, value) in [("self_hosted_video_path", json!("x")), ("html_content", json!("x")), ("version", json!(9))]
    {
        let faults = instructor.patch(&path, json!({ field: value })).await.faults();
        assert_eq!(faults, [format!("/{field} unknown_field")]);
    }
    assert_eq!(instructor.patch(&path, json!({ "section_id": "x" })).await.faults(), ["/section_id invalid_id"]);
}

#[tokio::test]
async fn an_order_of_lessons_is_guarded_by_the_sections_version() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 2).await;
    let section = format!("/v1/sections/{}", course.section);
    let path = format!("{section}/lessons/order");
    let other = CourseInProgress::draft(&admin, &instructor, 1).await;
    let problem = instructor.put(&path, json!([course.lessons[0], course.lessons[0], other.lessons[0]])).await;
    let problem = problem.problem(409, "incomplete-order");
    assert_eq!(
        (&problem["missing"], &problem["unknown"], &problem["repeated"]),
        (&json!([course.lessons[1]]), &json!([other.lessons[0]]), &json!([course.lessons[0]]))
    );
    let reversed = json!([course.lessons[1], course.lessons[0]]);
    for _ in 0..2 {
        let ordered = instructor.put(&path, reversed.clone()).await.ok();
        assert_eq!(ordered["data"][0]["id"], course.lessons[1]);
        assert_eq!(instructor.get(&section).await.header("etag"), "\"v2\"", "raised once");
    }
    assert_eq!(lyceum.audited("lesson.order").await.len(), 1);
    let outline = instructor.get(&course.path("/outline")).await.ok();
    assert_eq!(outline["sections"][0]["lessons"][0]["id"], course.lessons[1]);
}

#[tokio::test]
async fn an_order_answers_the_lessons_as_the_outline_shows_them_whatever_they_hold() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 1).await;
    course.add_lesson(json!({ "title": "Draft", "description": "d", "content": "c", "duration_minutes": 5 })).await;
    let path = format!("/v1/sections/{}/lessons/order", course.section);
    let ordered = instructor.put(&path, json!([course.lessons[1], course.lessons[0]])).await.ok();
    let outline = instructor.get(&course.path("/outline")).await.ok();
    assert_eq!(ordered, json!({ "data": outline["sections"][0]["lessons"], "next_cursor": null }));
}

#[tokio::test]
async fn links_to_videos_have_the_form_that_their_provider_plays() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let lessons = format!("/v1/sections/{}/lessons", course.section);
    let video = |provider: &str, url: &str| json!({ "title": "v", "lesson_type": "video", "video_provider": provider, "video_url": url });
    let (youtube, vimeo) = ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "https://vimeo.com/76979871");
    let elsewhere = "https://videos.example.org/a.mp4";
    for (provider, url) in
        [("youtube", vimeo), ("vimeo", youtube), ("youtube", elsewhere), ("vimeo", "https://vimeo.com/x")]
    {
        let faults = instructor.post(&lessons, video(provider, url)).await.faults();
        assert_eq!(faults, ["/video_url invalid_video_url"], "{provider} {url}");
    }
    for (provider, url) in [("youtube", youtube), ("vimeo", vimeo), ("self_hosted", elsewhere)] {
        instructor.post(&lessons, video(provider, url)).await.created();
    }
    let lesson = instructor.post(&lessons, video("youtube", youtube)).await.created();
    let path = format!("/v1/lessons/{}", lesson["id"].as_str().unwrap());
    for change in [json!({ "video_provider": "vimeo" }), json!({ "video_url": vimeo })] {
        assert_eq!(instructor.patch(&path, change).await.faults(), ["/video_url invalid_video_url"]);
    }
    instructor.patch(&path, json!({ "video_provider": "vimeo", "video_url": vimeo })).await.ok();
    instructor.patch(&path, json!({ "video_provider": null, "video_url": elsewhere })).await.ok();
    let publish = instructor.patch(&path, json!({ "is_published": true })).await.problem(409, "not-publishable");
    assert_eq!(publish["missing"][0]["code"], "video_provider");
    for url in
        ["javascript:alert(1)", "ftp://example.org/x", "//example.org", "example.org", "https://", "data:text/html,x"]
    {
        let body = json!({ "video_url": url, "external_links": [{ "title": "t", "url": url }] });
        let mut faults = instructor.patch(&path, body).await.faults();
        faults.sort();
        assert_eq!(faults, ["/external_links/0/url invalid_url", "/video_url invalid_url"], "{url}");
    }
}
