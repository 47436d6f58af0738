use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn enrolled_learners_and_staff_get_urls_that_are_valid_for_15_minutes() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let video = lyceum.shows(&course.id, &course.lessons[0], &instructor, "video").await;
    lyceum.shows_named(&course.id, &course.lessons[0], &instructor, "document", "zwei \"Blätter\".pdf").await;
    let path = format!("/v1/lessons/{}/media", course.lessons[0]);
    lyceum.anonymous().get(&path).await.problem(401, "unauthorized");
    learner.get(&path).await.problem(403, "forbidden");
    course.enroll(&learner).await;
    for caller in [&learner, &instructor, &admin] {
        let media = caller.get(&path).await.ok();
        assert_eq!(media["expires_at"], "2026-11-23T20:11:00Z");
        let (video_url, document) = (media["video"]["url"].as_str().unwrap(), &media["documents"][0]);
        assert!(video_url.contains(&video) && video_url.contains("X-Amz-Expires=900"), "{video_url}");
        assert_eq!(
            (&media["video"]["content_type"], &media["video"]["duration_seconds"]),
            (&json!("video/mp4"), &json!(60))
        );
        assert_eq!((&document["file_name"], &document["size_bytes"]), (&json!("zwei \"Blätter\".pdf"), &json!(5)));
        let url = document["url"].as_str().unwrap();
        assert!(
            url.contains("response-content-disposition=attachment"),
            "a document is never shown in the page: {url}"
        );
        assert!(!url.contains('"') && url.is_ascii(), "{url}");
    }
}

#[tokio::test]
async fn a_lesson_without_files_returns_none_and_unchecked_files_stay_hidden() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = format!("/v1/lessons/{}/media", course.lessons[0]);
    let nothing = instructor.get(&path).await.ok();
    assert_eq!((&nothing["video"], &nothing["documents"]), (&json!(null), &json!([])));
    lyceum.shows(&course.id, &course.lessons[0], &instructor, "video").await;
    let rejected = "UPDATE uploads SET status = 'rejected', rejection_code = 'x', rejection_reason = 'x'";
    sqlx::query(rejected).execute(&lyceum.database).await.unwrap();
    assert_eq!(instructor.get(&path).await.ok()["video"], json!(null));
    instructor.get("/v1/lessons/x/media").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_url_serves_the_content_type_of_the_row_and_supports_ranges() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let video = lyceum.shows(&course.id, &course.lessons[0], &instructor, "video").await;
    let document = lyceum.shows_named(&course.id, &course.lessons[0], &instructor, "document", "Übung 1.pdf").await;
    for id in [&video, &document] {
        let key = lyceum.path_of(id).await;
        lyceum.put_object(&key, "text/html", b"01234".to_vec()).await; // the type of the row is served nevertheless
    }
    let media = instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    let http = reqwest::Client::new();
    let header = |answer: &reqwest::Response, name: &str| answer.headers()[name].to_str().unwrap().to_owned();

    let url = media["video"]["url"].as_str().unwrap();
    let part = http.get(url).header("range", "bytes=1-3").send().await.unwrap();
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 1-3/5".to_owned()));
    assert_eq!(
        (header(&part, "content-type"), header(&part, "content-disposition")),
        ("video/mp4".into(), "inline".into())
    );
    assert_eq!(part.text().await.unwrap(), "123");

    let whole = http.get(media["documents"][0]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(header(&whole, "content-type"), "application/pdf");
    assert_eq!(
        header(&whole, "content-disposition"),
        "attachment; filename=\"_bung 1.pdf\"; filename*=UTF-8''%C3%9Cbung%201%2Epdf"
    );
    assert_eq!(whole.text().await.unwrap(), "01234");
    let changed = url.replace("video%2Fmp4", "text%2Fhtml");
    assert_ne!(changed, url);
    assert_eq!(http.get(changed).send().await.unwrap().status().as_u16(), 403);
}
