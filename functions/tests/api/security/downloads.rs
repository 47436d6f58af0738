//! Download URLs: valid for 15 minutes, with a fixed type and `attachment`, and only for learners and staff.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn a_url_is_valid_for_15_minutes() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let id = lyceum.shows(&course.id, &course.lessons[0], &instructor, "document").await;
    lyceum.put_object(&lyceum.path_of(&id).await, "application/pdf", b"01234".to_vec()).await;
    let media = format!("/v1/lessons/{}/media", course.lessons[0]);
    for (minutes, status) in [(0, 200), (-16, 403)] {
        lyceum.clock.advance(TimeDelta::minutes(minutes));
        let instructor = instructor.calling(&lyceum).again().await; // a new address: moving the clock back counts against the rate limit
        let url = instructor.get(&media).await.ok()["documents"][0]["url"].clone();
        let url = url.as_str().unwrap();
        assert!(url.contains("X-Amz-Expires=900"), "{url}");
        assert_eq!(reqwest::get(url).await.unwrap().status().as_u16(), status);
    }
}

#[tokio::test]
async fn active_content_is_never_served_inline() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let lesson = &course.lessons[0];
    for kind in ["document", "video"] {
        let id = lyceum.shows(&course.id, lesson, &instructor, kind).await;
        for (content_type, served_as, inline) in [
            ("text/html", "application%2Foctet-stream", false),
            ("image/svg+xml", "application%2Foctet-stream", false),
            ("application/xml", "application%2Foctet-stream", false),
            ("text/plain", "text%2Fplain", false),
            ("application/pdf", "application%2Fpdf", false),
            ("image/png", "image%2Fpng", false),
            ("video/mp4", "video%2Fmp4", kind == "video"),
        ] {
            let change = "UPDATE uploads SET content_type = $2 WHERE id = $1";
            let change = sqlx::query(change).bind(id.parse::<uuid::Uuid>().unwrap()).bind(content_type);
            change.execute(&lyceum.database).await.unwrap();
            let media = instructor.get(&format!("/v1/lessons/{lesson}/media")).await.ok();
            let file = if kind == "video" { &media["video"] } else { &media["documents"][0] };
            let url = file["url"].as_str().unwrap();
            assert!(url.contains(&format!("response-content-type={served_as}")), "{url}");
            let disposition = if inline { "inline" } else { "attachment" };
            assert!(url.contains(&format!("response-content-disposition={disposition}")), "{url}");
        }
    }
}

#[tokio::test]
async fn only_learners_and_staff_get_a_url() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let (learner, dropped, other) = (lyceum.student().await, lyceum.student().await, lyceum.student().await);
    course.enroll(&learner).await;
    let enrollment = course.enroll(&dropped).await;
    let elsewhere = CourseInProgress::published(&admin, &lyceum.instructor().await, 1).await;
    elsewhere.enroll(&other).await;
    lyceum.shows(&course.id, &course.lessons[0], &instructor, "video").await;
    let media = format!("/v1/lessons/{}/media", course.lessons[0]);
    dropped.get(&media).await.ok();
    dropped.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    for caller in [&dropped, &other, &elsewhere.instructor] {
        assert!(!caller.get(&media).await.problem(403, "forbidden").to_string().contains("media/"));
    }
    lyceum.anonymous().get(&media).await.problem(401, "unauthorized");
    for caller in [&learner, &instructor, &admin] {
        caller.get(&media).await.ok();
    }
    let hidden = json!({ "is_published": false });
    instructor.patch(&format!("/v1/lessons/{}", course.lessons[0]), hidden).await.ok();
    learner.get(&media).await.problem(404, "not-found");
    instructor.get(&media).await.ok();
}

#[tokio::test]
async fn media_url_replaces_the_origin_of_s3() {
    let before = |name: &str| (name == "MEDIA_URL").then(|| "https://media.school.test/".to_owned());
    let lyceum = Lyceum::today_with(before).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let id = lyceum.shows(&course.id, &course.lessons[0], &instructor, "document").await;
    lyceum.put_object(&lyceum.path_of(&id).await, "application/pdf", b"01234".to_vec()).await;
    let media = instructor.get(&format!("/v1/lessons/{}/media", course.lessons[0])).await.ok();
    let url = media["documents"][0]["url"].as_str().unwrap();
    let asked = url.strip_prefix("https://media.school.test/").expect("a URL at the configured origin, with one slash");
    let passed_on = reqwest::get(format!("{}/{asked}", lyceum.s3_endpoint())).await.unwrap();
    assert_eq!((passed_on.status().as_u16(), passed_on.text().await.unwrap().as_str()), (200, "01234"));
}
