//! Markdown of lessons: what becomes of it, and what is refused. Protects against H5.

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

/// What used to take seconds or grow without bound, with the reason why it is refused.
fn bombs() -> [(String, &'static str); 8] {
    [
        ("- ".repeat(13_000) + "a", "nested_too_deeply"),
        ("> ".repeat(50_000) + "a\n" + &"a\n".repeat(49_000), "nested_too_deeply"),
        ("<div>".repeat(40_000), "nested_too_deeply"),
        ("<b title=k>".repeat(18_000), "nested_too_deeply"),
        ("*a **b ".repeat(60) + &"c** d* ".repeat(60), "nested_too_deeply"),
        (format!("|a|b|c|\n|-|-|-|\n{}", "a\n".repeat(90_000)), "too_many_elements"),
        ("#\n".repeat(100_000), "too_many_elements"),
        ("[a]()".repeat(40_000), "too_large"),
    ]
}

async fn html(caller: &Caller, lesson: &str) -> String {
    caller.get(lesson).await.ok()["html_content"].as_str().expect("HTML").to_owned()
}

/// The HTML that is stored for the lesson, and by which version of the renderer.
async fn stored(lyceum: &Lyceum, lesson: &str) -> Option<(String, i16)> {
    let id = uuid::Uuid::parse_str(lesson).unwrap();
    let query = sqlx::query_as("SELECT html, renderer FROM lesson_html WHERE lesson_id = $1").bind(id);
    query.fetch_optional(&lyceum.database).await.unwrap()
}

#[tokio::test]
async fn markdown_that_nests_or_grows_without_bound_is_refused_with_the_reason() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let lessons = format!("/v1/sections/{}/lessons", course.section);
    let lesson = format!("/v1/lessons/{}", course.lessons[0]);
    for (markdown, reason) in bombs() {
        let expected = [format!("/markdown_content {reason}")];
        let body = json!({ "title": "l", "markdown_content": markdown });
        for answer in [instructor.post(&lessons, body.clone()).await, instructor.patch(&lesson, body).await] {
            assert_eq!(answer.status, 422, "{reason}");
            assert_eq!(answer.faults(), expected);
        }
    }
    assert_eq!(instructor.get(&lesson).await.header("etag"), "\"v1\"", "nothing was changed");
}

#[tokio::test]
async fn a_bomb_that_was_stored_before_reads_as_plain_text_and_can_be_replaced() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let id = &course.lessons[0];
    let lesson = format!("/v1/lessons/{id}");
    for (markdown, _) in bombs() {
        sqlx::query("UPDATE lessons SET markdown_content = $2 WHERE id = $1")
            .bind(uuid::Uuid::parse_str(id).unwrap())
            .bind(&markdown)
            .execute(&lyceum.database)
            .await
            .unwrap();
        let shown = html(&instructor, &lesson).await;
        assert!(shown.starts_with("<pre>") && shown.ends_with("</pre>\n"), "{}", shown.get(..40).unwrap_or_default());
        let renamed = instructor.patch(&lesson, json!({ "title": format!("Renamed {}", markdown.len()) })).await.ok();
        assert_eq!(renamed["html_content"], shown);
        let repaired = instructor.patch(&lesson, json!({ "markdown_content": "*mended*" })).await.ok();
        assert_eq!(repaired["html_content"], "<p><em>mended</em></p>\n");
    }
}

#[tokio::test]
async fn markdown_is_rendered_when_it_is_written() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let id = course.add_lesson(json!({ "title": "l", "markdown_content": "*a*" })).await;
    let lesson = format!("/v1/lessons/{id}");
    assert_eq!(stored(&lyceum, &id).await.unwrap().0, "<p><em>a</em></p>\n");
    instructor.patch(&lesson, json!({ "markdown_content": "**b**" })).await.ok();
    assert_eq!(stored(&lyceum, &id).await.unwrap().0, "<p><strong>b</strong></p>\n");
    instructor.patch(&lesson, json!({ "markdown_content": null })).await.ok();
    assert_eq!(stored(&lyceum, &id).await, None);
    assert_eq!(instructor.get(&lesson).await.ok()["html_content"], Value::Null);
}

#[tokio::test]
async fn markdown_from_before_is_rendered_at_the_first_read_and_raises_no_version() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let id = &course.lessons[0];
    lyceum.change("DELETE FROM lesson_html WHERE lesson_id = $1", id).await;
    let read = instructor.get(&format!("/v1/lessons/{id}")).await;
    assert_eq!(read.header("etag"), "\"v1\"");
    assert_eq!(read.ok()["html_content"], "<p>Text.</p>\n");
    assert_eq!(stored(&lyceum, id).await.unwrap().0, "<p>Text.</p>\n");
}

#[tokio::test]
async fn html_of_another_version_of_the_renderer_is_rendered_again() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let id = &course.lessons[0];
    let renderer = stored(&lyceum, id).await.unwrap().1;
    lyceum.change("UPDATE lesson_html SET renderer = -1, html = '<script>' WHERE lesson_id = $1", id).await;
    assert_eq!(html(&instructor, &format!("/v1/lessons/{id}")).await, "<p>Text.</p>\n");
    assert_eq!(stored(&lyceum, id).await.unwrap(), ("<p>Text.</p>\n".to_owned(), renderer));
}

#[tokio::test]
async fn markdown_that_another_program_changes_is_rendered_again() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let id = &course.lessons[0];
    lyceum.change("UPDATE lessons SET markdown_content = '# New' WHERE id = $1", id).await;
    assert_eq!(html(&instructor, &format!("/v1/lessons/{id}")).await, "<h1>New</h1>\n");
}

#[tokio::test]
async fn a_copy_of_a_course_has_the_html_of_its_lessons() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 2).await;
    instructor.post(&course.path("/duplicate"), json!({})).await.created();
    assert_eq!(lyceum.count("SELECT count(*) FROM lesson_html WHERE html = E'<p>Text.</p>\\n'").await, 4);
}

#[tokio::test]
async fn code_keeps_its_language_tables_their_alignment_and_text_its_direction() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let markdown = "\u{feff}# Title\n\n```rust\nlet x;\n```\n\n| a | b |\n| :-: | -: |\n| c | d |\n\n<p dir=\"rtl\">مرحبا</p>\n\n\
                    <blockquote cite=\"javascript:alert(1)\">q</blockquote>";
    let id = course.add_lesson(json!({ "title": "l", "markdown_content": markdown })).await;
    let lesson = instructor.get(&format!("/v1/lessons/{id}")).await.ok();
    assert_eq!(lesson["markdown_content"], markdown, "stored as given");
    let html = lesson["html_content"].as_str().unwrap();
    for kept in [
        "<h1>Title</h1>",
        "<code class=\"language-rust\">",
        "<th align=\"center\">a</th><th align=\"right\">b</th>",
        "<td align=\"center\">c</td><td align=\"right\">d</td>",
        "<p dir=\"rtl\">مرحبا</p>",
        "<blockquote>q</blockquote>",
    ] {
        assert!(html.contains(kept), "{kept} in {html}");
    }
}
