//! Uploads of pictures and thumbnails.

use serde_json::json;

use crate::harness::uploading::submit;
use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn a_picture_belongs_to_its_user_and_a_thumbnail_to_its_course() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let image = json!({ "file_name": "Ä.png", "content_type": "image/png", "size_bytes": 5 });
    let picture = student.post("/v1/me/picture", image.clone()).await.is(201);
    assert_eq!((&picture.body["method"], submit(&picture.body, b"01234").await), (&json!("POST"), 201));
    let upload = student.get(picture.header("location")).await.ok();
    assert_eq!(
        (&upload["kind"], &upload["lesson_id"], &upload["course_id"]),
        (&json!("picture"), &json!(null), &json!(null))
    );
    admin.get(picture.header("location")).await.problem(404, "not-found");

    let path = course.path("/thumbnail");
    let thumbnail = instructor.post(&path, image.clone()).await.is(201);
    let upload = instructor.get(thumbnail.header("location")).await.ok();
    assert_eq!((&upload["kind"], &upload["course_id"]), (&json!("thumbnail"), &json!(course.id)));
    student.post(&path, image.clone()).await.problem(403, "forbidden");
    for path in ["/v1/me/picture", &path] {
        lyceum.anonymous().post(path, image.clone()).await.problem(401, "unauthorized");
    }
    assert_eq!(lyceum.audited("upload.create").await.len(), 2);
}

#[tokio::test]
async fn only_images_of_up_to_10_mib_can_be_pictures_and_thumbnails() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let image =
        |content_type: &str, size: usize| json!({ "file_name": "a", "content_type": content_type, "size_bytes": size });
    for path in ["/v1/me/picture", &course.path("/thumbnail")] {
        for content_type in ["image/png", "image/jpeg", "image/webp"] {
            instructor.post(path, image(content_type, 10 << 20)).await.is(201);
        }
        for (content_type, size, faults) in [
            ("image/png", (10 << 20) + 1, vec!["/size_bytes too_large"]),
            ("image/gif", 1, vec!["/content_type unsupported_type"]),
            ("image/svg+xml", 1, vec!["/content_type unsupported_type"]),
            ("application/pdf", 1, vec!["/content_type unsupported_type"]),
        ] {
            assert_eq!(instructor.post(path, image(content_type, size)).await.faults(), faults, "{content_type}");
        }
        let mut of_kind = image("image/png", 1);
        of_kind["kind"] = json!("picture");
        assert_eq!(instructor.post(path, of_kind).await.faults(), ["/kind unknown_field"]);
    }
}

#[tokio::test]
async fn a_picture_and_a_thumbnail_can_be_removed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let image = json!({ "file_name": "a.png", "content_type": "image/png", "size_bytes": 5 });
    let path = course.path("/thumbnail");
    for path in ["/v1/me/picture", &path] {
        instructor.delete(path).await.problem(404, "not-found");
        instructor.post(path, image.clone()).await.is(201);
        lyceum.anonymous().delete(path).await.problem(401, "unauthorized");
    }
    for shown in [
        "UPDATE uploads SET status = 'ready', storage_path = 'public/' || id",
        "UPDATE users SET profile_picture_url = 'https://media.school.test/a.jpg'",
        "UPDATE courses SET thumbnail_url = 'https://media.school.test/b.jpg'",
    ] {
        sqlx::query(shown).execute(&lyceum.database).await.unwrap();
    }
    student.delete(&path).await.problem(403, "forbidden");
    instructor.with_header("if-match", "\"v1\"").delete(&path).await.problem(412, "precondition-failed");
    for path in ["/v1/me/picture", &path] {
        instructor.delete(path).await.no_content();
        instructor.delete(path).await.problem(404, "not-found");
    }
    assert_eq!(instructor.get("/v1/me").await.ok()["profile_picture_url"], json!(null));
    assert_eq!(instructor.get(&course.path("")).await.ok()["thumbnail_url"], json!(null));
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads WHERE freed_at = '2026-11-23T19:56:00Z'").await, 2);
    assert!(student.get("/v1/me").await.ok()["profile_picture_url"].is_string(), "other pictures are kept");
    let row = lyceum.audited("course.update").await;
    assert_eq!(row.last().unwrap()["changes"]["thumbnail_url"]["to"], json!(null));
    assert_eq!(lyceum.audited("user.update").await[0]["changes"], json!({ "profile_picture_url": {} }));
}
