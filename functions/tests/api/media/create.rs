use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::uploading::{PART, document, put_part, submit, video};
use crate::harness::{CourseInProgress, Lyceum};

const GIB: u64 = 1 << 30;

#[tokio::test]
async fn a_small_file_is_sent_by_a_form() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, form) = course.upload(document(5)).await;
    assert_eq!((form["method"].as_str(), form.get("parts")), (Some("POST"), None));
    assert_eq!(path, format!("/v1/uploads/{}", form["upload_id"].as_str().unwrap()));
    let key = form["fields"]["key"].as_str().unwrap();
    assert_eq!(key, path.trim_start_matches("/v1/"), "the key is derived from the upload id");
    let expires: DateTime<Utc> = form["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires, lyceum.clock.now() + TimeDelta::hours(1));

    let mut created = lyceum.created();
    assert_eq!(submit(&form, b"01234").await, 201);
    assert_eq!(lyceum.object(key).await.unwrap(), b"01234");
    let event = created.recv().await.unwrap();
    assert_eq!((event.event, event.key.as_str(), event.size), ("ObjectCreated:Post", key, 5));

    let upload = instructor.get(&path).await.ok();
    assert_eq!((&upload["status"], &upload["kind"]), (&json!("pending"), &json!("document")));
    let row = &lyceum.audited("upload.create").await[0];
    assert_eq!((&row["user_id"], &row["resource_type"]), (&json!(instructor.id), &json!("upload")));
    assert_eq!(row["resource_id"], form["upload_id"]);
    assert_eq!(row["changes"]["size_bytes"], json!({ "from": null, "to": 5 }));
    assert_eq!(row["changes"]["file_name"], json!({}), "the file name is personal and is left out");
}

#[tokio::test]
async fn a_large_video_is_sent_in_parts_each_with_its_size() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(2 * PART + 7)).await;
    assert_eq!((sending["method"].as_str(), sending.get("url")), (Some("PUT"), None));
    let parts = sending["parts"].as_array().unwrap();
    let sizes: Vec<_> = parts.iter().map(|part| (part["part_number"].as_i64(), part["size_bytes"].as_u64())).collect();
    let part = PART as u64;
    assert_eq!(sizes, [(Some(1), Some(part)), (Some(2), Some(part)), (Some(3), Some(7))]);
    assert!(parts.iter().all(|part| part["headers"] == json!({})));
    let (status, e_tag) = put_part(&parts[2], b"0123456".to_vec()).await;
    assert_eq!((status, e_tag.as_str()), (200, "\"124bd1296bec0d9d93c7b52a71ad8d5b\""), "the MD5 of the part");
    let arrived = json!([{ "part_number": 3, "size_bytes": 7, "etag": e_tag }]);
    assert_eq!(instructor.get(&path).await.ok()["parts"], arrived);
}

#[tokio::test]
async fn a_video_of_one_part_is_sent_by_a_form_and_5_gib_have_320_parts() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    assert_eq!(course.upload(video(PART)).await.1["method"], "POST");
    let (_, largest) = course.upload(video(5 << 30)).await;
    let parts = largest["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 320);
    assert_eq!(parts.iter().map(|part| part["size_bytes"].as_u64().unwrap()).sum::<u64>(), 5 * GIB);
    assert_eq!(course.upload(document(100 << 20)).await.1["method"], "POST", "documents are always sent by a form");
}

#[tokio::test]
async fn an_invalid_request_is_refused_with_all_its_faults() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let of = |kind: &str, content_type: &str, size: u64| json!({ "kind": kind, "file_name": "a", "content_type": content_type, "size_bytes": size });
    for (body, faults) in [
        (json!({}), vec!["/kind required", "/file_name required", "/content_type required", "/size_bytes required"]),
        (of("picture", "image/png", 1), vec!["/kind unknown_value"]),
        (of("document", "text/html", 1), vec!["/content_type unsupported_type"]),
        (of("document", "image/svg+xml", 1), vec!["/content_type unsupported_type"]),
        (of("document", "application/x-msdownload", 1), vec!["/content_type unsupported_type"]),
        (of("document", "video/mp4", 1), vec!["/content_type unsupported_type"]),
        (of("video", "application/pdf", 1), vec!["/content_type unsupported_type"]),
        (of("video", "video/x-msvideo", 5 * GIB + 1), vec!["/content_type unsupported_type", "/size_bytes too_large"]),
        (of("video", "video/webm", 5 * GIB + 1), vec!["/size_bytes too_large"]),
        (of("document", "application/zip", (100 << 20) + 1), vec!["/size_bytes too_large"]),
        (of("document", "text/csv", 0), vec!["/size_bytes out_of_range"]),
        (of("document", "text/csv", u64::MAX), vec!["/size_bytes invalid"]),
    ] {
        assert_eq!(course.ask(&instructor, body.clone()).await.faults(), faults, "{body}");
    }
    let mut negative = of("document", "text/csv", 1);
    negative["size_bytes"] = json!(-1);
    assert_eq!(course.ask(&instructor, negative).await.faults(), ["/size_bytes out_of_range"]);
    let mut other = of("document", "text/csv", 1);
    other["key"] = json!("media/x");
    assert_eq!(course.ask(&instructor, other).await.faults(), ["/key unknown_field"]);
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads").await, 0);
}

#[tokio::test]
async fn a_file_name_may_use_any_script_gets_the_extension_of_its_type_and_contains_no_path() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let named = |name: &str| {
        let mut body = document(1);
        body["file_name"] = json!(name);
        body["content_type"] = json!("application/pdf");
        body
    };
    for (name, kept) in [
        ("Übungsblatt (1).pdf", "Übungsblatt (1).pdf"),
        ("講義ノート.PDF", "講義ノート.PDF"),
        ("محاضرة.pdf", "محاضرة.pdf"),
        ("🦀.html", "🦀.html.pdf"), // otherwise it would open as HTML
        (".hidden", ".hidden.pdf"),
        ("a..b", "a..b.pdf"),
        (&"ß".repeat(255), &format!("{}.pdf", "ß".repeat(251))),
    ] {
        let (path, _) = course.upload(named(name)).await;
        assert_eq!(instructor.get(&path).await.ok()["file_name"], kept);
    }
    for (name, code) in [
        ("../../etc/passwd", "invalid_file_name"),
        ("..", "invalid_file_name"),
        ("C:\\secret.txt", "invalid_file_name"),
        ("a/b", "invalid_file_name"),
        ("a\r\nx-evil: 1", "invalid_file_name"),
        ("cod\u{202E}fdp.exe", "invalid_file_name"),
        ("a\0b", "invalid_text"),
        ("", "blank"),
        ("  ", "blank"),
        (&"a".repeat(256), "too_long"),
    ] {
        let faults = course.ask(&instructor, named(name)).await.faults();
        assert_eq!(faults, [format!("/file_name {code}")], "{name:?}");
    }
}

#[tokio::test]
async fn content_types_of_browsers_are_stored_under_their_standard_name() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    for (kind, said, kept) in [
        ("document", "Text/Plain;charset=utf-8", "text/plain"),
        ("document", "application/x-zip-compressed", "application/zip"),
        ("document", "application/x-zip", "application/zip"),
        ("document", "image/jpg", "image/jpeg"),
        ("document", "image/pjpeg", "image/jpeg"),
        ("document", "text/x-markdown", "text/markdown"),
        ("document", "application/csv", "text/csv"),
        ("video", "video/x-m4v", "video/mp4"),
        ("video", "video/quicktime", "video/mp4"),
    ] {
        let mut body = document(1);
        (body["kind"], body["content_type"]) = (json!(kind), json!(said));
        let (path, form) = course.upload(body).await;
        assert_eq!(form["fields"]["Content-Type"], kept);
        assert_eq!(instructor.get(&path).await.ok()["content_type"], kept);
    }
}

#[tokio::test]
async fn only_staff_of_the_course_may_upload() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    course.ask(&lyceum.anonymous(), document(1)).await.problem(401, "unauthorized");
    for other in [&learner, &lyceum.instructor().await] {
        course.ask(other, document(1)).await.problem(403, "forbidden");
    }
    course.ask(&admin, document(1)).await.is(201);
    let missing = "/v1/lessons/01920000-0000-7000-8000-000000000000/uploads";
    instructor.post(missing, document(1)).await.problem(404, "not-found");
    instructor.delete(&course.path("")).await.no_content();
    course.ask(&instructor, document(1)).await.problem(404, "not-found");
}

#[tokio::test]
async fn only_the_uploader_sees_an_upload() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, _) = course.upload(document(5)).await;
    let upload = instructor.get(&path).await.ok();
    let fields: Vec<_> = upload.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!fields.iter().any(|field| field.contains("multipart") || field.contains("storage")), "{fields:?}");
    assert_eq!(upload["rejection"], Value::Null);
    lyceum.anonymous().get(&path).await.problem(401, "unauthorized");
    for other in [&admin, &lyceum.instructor().await] {
        other.get(&path).await.problem(404, "not-found");
        other.delete(&path).await.problem(404, "not-found");
        other.post(&format!("{path}/complete"), json!({})).await.problem(404, "not-found");
        other.post(&format!("{path}/parts"), json!({ "part_numbers": [1] })).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_former_instructor_can_not_see_the_upload() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, next) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, _) = course.upload(document(5)).await;
    let change = "UPDATE courses SET instructor_id = $1, created_by = $1";
    lyceum.change(change, &next.id).await;
    instructor.get(&path).await.problem(404, "not-found");
    instructor.post(&format!("{path}/complete"), json!({})).await.problem(404, "not-found");
    instructor.delete(&path).await.problem(404, "not-found");
    next.get(&path).await.problem(404, "not-found");
    lyceum.change(change, &instructor.id).await;
    instructor.get(&path).await.ok();
    instructor.delete(&format!("/v1/lessons/{}", course.lessons[0])).await.no_content();
    instructor.get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_call_that_waits_for_a_profile_update_does_not_lock_the_course() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let image = json!({ "file_name": "a.png", "content_type": "image/png", "size_bytes": 5 });
    for (path, file) in
        [(format!("/v1/lessons/{}/uploads", course.lessons[0]), document(5)), (course.path("/thumbnail"), image)]
    {
        // A profile update has locked the user's row, and not yet the user's courses.
        let mut changing = lyceum.database.begin().await.unwrap();
        let instructors = "SELECT FROM users WHERE id IN (SELECT instructor_id FROM courses) FOR NO KEY UPDATE";
        sqlx::query(instructors).execute(&mut *changing).await.unwrap();
        let instructor = instructor.clone();
        let asking = tokio::spawn(async move { instructor.post(&path, file).await });
        let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                       WHERE NOT granted AND datname = current_database()";
        while !asking.is_finished() && lyceum.count(waiting).await == 0 {
            tokio::task::yield_now().await;
        }
        sqlx::query("SELECT FROM courses FOR NO KEY UPDATE NOWAIT").execute(&mut *changing).await.unwrap();
        changing.commit().await.unwrap();
        asking.await.unwrap().is(201);
    }
}
