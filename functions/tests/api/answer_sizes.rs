//! No response is larger than Lambda's limit. The harness measures every response.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

/// A control character takes seven bytes of a response, more than any other character.
const LONGEST: &str = "\u{1}";

fn text(characters: usize) -> String {
    LONGEST.repeat(characters)
}

/// A text for fields that require a visible character.
fn visible(characters: usize) -> String {
    format!("x{}", text(characters - 1))
}

/// Follows the cursors, and returns the ids and the number of pages.
async fn walk(caller: &Caller, path: &str) -> (HashSet<String>, usize) {
    let (mut ids, mut pages, mut cursor) = (HashSet::new(), 0, String::new());
    loop {
        let page = caller.get(&format!("{path}{cursor}")).await.ok();
        let data = page["data"].as_array().unwrap();
        assert!(!data.is_empty(), "an empty page with a cursor");
        for item in data {
            assert!(ids.insert(item["id"].as_str().unwrap().to_owned()), "{path} repeats {}", item["id"]);
        }
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { return (ids, pages) };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_page_of_courses_with_the_longest_texts_ends_early_and_the_next_page_continues() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.change(json!({ "description": visible(10_000), "meta_description": text(500) })).await;
    instructor.patch("/v1/me", json!({ "bio": text(10_000) })).await.ok();
    sqlx::query(
        "INSERT INTO courses (title, slug, description, category_id, status, published_at, instructor_id, created_by, updated_by)
         SELECT title, 'copy-' || n, description, category_id, status, published_at, instructor_id, created_by, updated_by
         FROM courses, generate_series(1, 120) n WHERE slug NOT LIKE 'copy-%'",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    let (ids, pages) = walk(&lyceum.anonymous(), "/v1/courses?limit=100").await;
    assert_eq!(ids.len(), 121);
    assert!(pages > 2, "{pages} pages");
    let (ids, _) = walk(&lyceum.anonymous(), "/v1/courses?sort=title&limit=100").await;
    assert_eq!(ids.len(), 121);
}

#[tokio::test]
async fn pages_of_users_and_categories_with_the_longest_texts_end_early() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    sqlx::query(
        "INSERT INTO users (email, username, password_hash, first_name, last_name, bio, role_id)
         SELECT 'many' || n || '@school.test', 'many' || n, 'x', repeat(chr(1), 255), repeat(chr(1), 255), repeat(chr(1), 10000), id
         FROM generate_series(1, 150) n, roles WHERE name = 'student'",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    let (ids, pages) = walk(&admin, "/v1/users?limit=100").await;
    assert!(ids.len() == 151 && pages > 2, "{} users on {pages} pages", ids.len());
    sqlx::query(
        "INSERT INTO categories (name, slug, description)
         SELECT 'many ' || n, 'many-' || n, repeat(chr(1), 10000) FROM generate_series(1, 150) n",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    let (ids, pages) = walk(&admin, "/v1/categories?limit=100").await;
    assert!(ids.len() == 150 && pages > 1, "{} categories on {pages} pages", ids.len());
    let order: Vec<_> = ids.iter().collect();
    let first = admin.put("/v1/categories/order", json!(order)).await.ok();
    assert!(first["next_cursor"].is_string(), "the response is the first page of the list");
}

#[tokio::test]
async fn a_lesson_with_the_longest_texts_can_be_read_and_changed() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    // A request body has at most 1 MiB, so the largest texts are sent one after the other.
    for field in ["content", "markdown_content"] {
        for length in [100_000, 200_000] {
            let kept = if length == 200_000 { "\"".repeat(200_000) } else { text(100_000) };
            instructor.patch(&lesson, json!({ field: kept })).await.ok();
        }
        let id = uuid::Uuid::parse_str(&course.lessons[0]).unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE lessons SET {field} = repeat(chr(1), 200000) WHERE id = $1")))
            .bind(id)
            .execute(&lyceum.database)
            .await
            .unwrap();
    }
    let link = json!({ "title": visible(180), "url": "https://example.org/" });
    let links = json!({ "title": visible(255), "description": visible(10_000), "external_links": vec![link; 500] });
    instructor.patch(&lesson, links).await.ok();
    let read = instructor.get(&lesson).await.ok();
    assert_eq!(read["html_content"].as_str().unwrap().chars().filter(|c| *c == '\u{1}').count(), 200_000);
}

async fn course_of_many_lessons(lyceum: &Lyceum, course: &CourseInProgress, lessons: i32) {
    sqlx::query(
        "INSERT INTO lessons (section_id, title, description, display_order, is_published)
         SELECT $1, repeat(chr(1), 255), repeat(chr(1), 10000), n, true FROM generate_series(1, $2) n",
    )
    .bind(uuid::Uuid::parse_str(&course.section).unwrap())
    .bind(lessons)
    .execute(&lyceum.database)
    .await
    .unwrap();
}

#[tokio::test]
async fn an_outline_of_the_longest_course_shortens_its_descriptions() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course_of_many_lessons(&lyceum, &course, 999).await;
    sqlx::query(
        "INSERT INTO sections (course_id, title, description, display_order)
         SELECT $1, repeat(chr(1), 255), repeat(chr(1), 10000), n FROM generate_series(2, 200) n",
    )
    .bind(uuid::Uuid::parse_str(&course.id).unwrap())
    .execute(&lyceum.database)
    .await
    .unwrap();
    let outline = lyceum.anonymous().get(&course.path("/outline")).await.ok();
    let sections = outline["sections"].as_array().unwrap();
    let lessons: Vec<&Value> = sections.iter().flat_map(|section| section["lessons"].as_array().unwrap()).collect();
    assert_eq!((sections.len(), lessons.len()), (200, 1000));
    let shortened = format!("{}…", text(200));
    assert_eq!(lessons[999]["description"], shortened);
    assert_eq!(sections[199]["description"], shortened);
    // The responses to new orders equal the outline.
    let ids: Vec<_> = lessons.iter().map(|lesson| lesson["id"].clone()).collect();
    let order = instructor.put(&format!("/v1/sections/{}/lessons/order", course.section), json!(ids)).await.ok();
    assert_eq!(order["data"].as_array().unwrap().len(), 1000);
    let ids: Vec<_> = sections.iter().map(|section| section["id"].clone()).collect();
    let order = instructor.put(&course.path("/sections/order"), json!(ids)).await.ok();
    assert_eq!(order["data"][199]["description"], shortened);
    instructor.get(&course.path("/report")).await.ok();
    // The course has reached its limits.
    let lessons = format!("/v1/sections/{}/lessons", course.section);
    instructor.post(&lessons, json!({ "title": "One more" })).await.problem(409, "limit-reached");
    let sections = course.path("/sections");
    instructor.post(&sections, json!({ "title": "One more" })).await.problem(409, "limit-reached");
}

#[tokio::test]
async fn an_outline_with_one_hundred_long_descriptions_fits() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    for (lessons, shortened) in [(29, false), (72, true)] {
        course_of_many_lessons(&lyceum, &course, lessons).await;
        let outline = lyceum.anonymous().get(&course.path("/outline")).await.ok();
        let last = outline["sections"][0]["lessons"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["description"] != text(10_000), shortened);
    }
}

#[tokio::test]
async fn an_enrolment_with_the_longest_notes_shortens_them() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let enrollment = course.enroll(&learner).await;
    let notes = json!({ "notes": text(10_000) });
    learner.put(&format!("/v1/lessons/{}/completion", course.lessons[0]), notes).await.ok();
    let first = |progress: &Value| progress["sections"][0]["lessons"][0]["notes"].clone();
    let path = format!("/v1/enrollments/{enrollment}");
    assert_eq!(first(&learner.get(&path).await.ok()), text(10_000));
    course_of_many_lessons(&lyceum, &course, 999).await;
    lyceum
        .change(
            "INSERT INTO lesson_completions (user_id, lesson_id, enrollment_id, completed_at, notes)
             SELECT e.user_id, l.id, e.id, now(), repeat(chr(1), 10000)
             FROM enrollments e JOIN sections s ON s.course_id = e.course_id JOIN lessons l ON l.section_id = s.id
             WHERE e.user_id = $1 AND l.title <> 'Lesson 1'",
            &learner.id,
        )
        .await;
    let progress = learner.get(&path).await.ok();
    assert_eq!(progress["sections"][0]["lessons"].as_array().unwrap().len(), 1000);
    assert_eq!(first(&progress), format!("{}…", text(200)));
    // The export contains the whole notes, page by page.
    let (mut completions, mut cursor, mut pages) = (HashSet::new(), String::new(), 0);
    loop {
        let export = learner.get(&format!("/v1/me/export{cursor}")).await.ok();
        for completion in export["lesson_completions"].as_array().unwrap() {
            assert_eq!(completion["notes"], text(10_000));
            assert!(completions.insert(completion["id"].to_string()));
        }
        pages += 1;
        let Some(next) = export["next_cursor"].as_str() else {
            assert_eq!(export["audit_logs_complete"], true);
            break;
        };
        assert_eq!(export["audit_logs"], json!([]));
        cursor = format!("?cursor={next}");
    }
    assert_eq!(completions.len(), 1000);
    assert!(pages > 10, "{pages} answers");
    assert_eq!(learner.get("/v1/me/export?cursor=x").await.faults(), ["cursor invalid_cursor"]);
}

#[tokio::test]
async fn a_lesson_can_have_at_most_a_hundred_documents() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    lyceum
        .change(
            "INSERT INTO uploads (lesson_id, course_id, uploaded_by, kind, status, file_name, content_type, size_bytes, storage_path)
             SELECT l.id, s.course_id, c.created_by, 'document', 'ready', 'a.pdf', 'application/pdf', 1, 'media/' || n
             FROM lessons l JOIN sections s ON s.id = l.section_id JOIN courses c ON c.id = s.course_id, generate_series(1, 100) n
             WHERE l.id = $1",
            &course.lessons[0],
        )
        .await;
    let uploads = format!("/v1/lessons/{}/uploads", course.lessons[0]);
    let file = |kind: &str, content_type: &str| json!({ "kind": kind, "file_name": "a", "content_type": content_type, "size_bytes": 9 });
    instructor.post(&uploads, file("document", "application/pdf")).await.problem(409, "limit-reached");
    instructor.post(&uploads, file("video", "video/mp4")).await.is(201);
}
