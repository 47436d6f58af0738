//! Links of lessons to other sites.

use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn links_lead_to_internationalised_hosts_and_stay_as_they_were_written() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let lessons = format!("/v1/sections/{}/lessons", course.section);
    for url in [
        "https://müller.test/",
        "https://xn--mller-kva.test/",
        "https://例え.テスト/ページ?q=語",
        "http://пример.испытание:8080/",
        "https://example.org/größe#fußnote",
    ] {
        let body = json!({
            "title": "l", "video_url": url, "video_provider": "self_hosted", "external_links": [{ "title": "t", "url": url }],
        });
        let lesson = instructor.post(&lessons, body).await.created();
        assert_eq!((lesson["video_url"].as_str(), lesson["external_links"][0]["url"].as_str()), (Some(url), Some(url)));
    }
    let category = json!({ "name": "Links", "icon_url": "https://müller.test/icon.png" });
    assert_eq!(admin.post("/v1/categories", category).await.created()["icon_url"], "https://müller.test/icon.png");
}

#[tokio::test]
async fn what_is_no_address_of_a_web_page_is_refused_in_any_script() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let lessons = format!("/v1/sections/{}/lessons", course.section);
    let long = format!("https://müller.test/{}", "ü".repeat(481));
    for url in [
        "müller.test",
        "https://mül ler.test/",
        "https://xn--a/",
        "ftp://müller.test/",
        "https://müller.test/\n",
        &long,
    ] {
        let body = json!({ "title": "l", "video_url": url });
        assert_eq!(instructor.post(&lessons, body).await.faults(), ["/video_url invalid_url"], "{url}");
    }
}

#[tokio::test]
async fn a_lesson_has_a_bounded_list_of_links() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    let links = |many: usize, title: usize| {
        let link = json!({ "title": "t".repeat(title), "url": "https://example.org/" });
        json!({ "external_links": vec![link; many] })
    };
    instructor.patch(&lesson, links(500, 100)).await.ok();
    assert_eq!(instructor.patch(&lesson, links(501, 1)).await.faults(), ["/external_links too_many"]);
    assert_eq!(instructor.patch(&lesson, links(500, 255)).await.faults(), ["/external_links too_long"]);
}
