//! Protects against H6 (anonymous searches that cost more and more) and H7 (words of private courses in the index of known
//! words).

use serde_json::{Value, json};

use super::search::Shelf;
use super::spellings::encoded;
use crate::harness::CourseInProgress;

/// How many words are known, to correct others by.
async fn known(shelf: &Shelf) -> i64 {
    shelf.lyceum.run_jobs().await;
    shelf.lyceum.count("SELECT count(*) FROM known_words").await
}

/// Counts the known words whose counts are not those of the listed courses.
async fn wrong(shelf: &Shelf) -> i64 {
    shelf.lyceum.run_jobs().await;
    let wrong = shelf.lyceum.count(
        "WITH counted AS (
           SELECT lexeme, count(*) AS course_count FROM course_search s JOIN courses c ON c.id = s.course_id AND is_listed(c),
             words_to_know(s.words) GROUP BY lexeme)
         SELECT count(*) FROM counted FULL JOIN known_words k USING (lexeme)
         WHERE k.course_count IS DISTINCT FROM counted.course_count",
    );
    wrong.await
}

#[tokio::test]
async fn h7_only_words_of_listed_courses_are_known_and_they_go_with_the_last_course_that_has_them() {
    let shelf = Shelf::new().await;
    let listed = shelf.add(json!({ "title": "Zoology", "description": "Zebras." })).await;
    let before = known(&shelf).await;
    let words: Vec<_> = (0..900).map(|number| format!("w{number}x")).collect();
    let draft = CourseInProgress::draft(&shelf.admin, &shelf.instructor, 1).await;
    draft.change(json!({ "title": "Xylography", "description": words.join(" ") })).await;
    assert_eq!((known(&shelf).await, wrong(&shelf).await), (before, 0), "a draft's");
    let other = shelf.add(json!({ "title": "Zoology", "visibility": "private", "description": words.join(" ") })).await;
    assert_eq!((known(&shelf).await, wrong(&shelf).await), (before, 0), "a private course's");

    other.change(json!({ "visibility": "restricted" })).await;
    let more = known(&shelf).await;
    assert!(more > before && more <= before + 200, "a listed course brings up to 200 words: {before} {more}");
    assert_eq!(shelf.find("q=w7xx").await, ["Zoology"]);
    other.change(json!({ "description": "Zebras and lions." })).await;
    assert_eq!(wrong(&shelf).await, 0, "an edit");
    shelf.instructor.post(&other.path("/archive"), json!({})).await.ok();
    assert_eq!((known(&shelf).await, wrong(&shelf).await), (before, 0), "archived");
    shelf.instructor.post(&other.path("/publish"), json!({})).await.ok();
    shelf.instructor.delete(&listed.path("")).await.no_content();
    assert_eq!(wrong(&shelf).await, 0, "deleted");
    assert_eq!(shelf.find("q=zoologi").await, ["Zoology"], "the other course still has it");
    shelf.instructor.delete(&other.path("")).await.no_content();
    assert_eq!(known(&shelf).await, 0);
}

#[tokio::test]
async fn h7_a_word_of_very_many_courses_is_counted_exactly() {
    let shelf = Shelf::new().await;
    let model = shelf.add(json!({ "title": "Chess" })).await;
    sqlx::query(
        "INSERT INTO courses (title, slug, description, instructor_id, category_id, status, created_by, updated_by)
         SELECT 'Chess', 'many-' || n, 'x', instructor_id, category_id, status, created_by, updated_by
         FROM courses, generate_series(1, 150) AS n WHERE id = $1::uuid",
    )
    .bind(&model.id)
    .execute(&shelf.lyceum.database)
    .await
    .unwrap();
    let count = "SELECT course_count::bigint FROM known_words WHERE lexeme = 'chess'";
    shelf.lyceum.run_jobs().await;
    assert_eq!(shelf.lyceum.count(count).await, 151);
    model.change(json!({ "title": "Draughts" })).await;
    shelf.lyceum.run_jobs().await;
    assert_eq!(shelf.lyceum.count(count).await, 150);
    shelf.lyceum.assert_counts_are_as_the_facts_say().await;
}

/// Returns how many words and operators the query of a search has.
async fn nodes(shelf: &Shelf, words: &str, mode: &str) -> i32 {
    sqlx::query_scalar("SELECT coalesce(numnode(search_query($1, search_languages(), $2)), 0)")
        .bind(words)
        .bind(mode)
        .fetch_one(&shelf.lyceum.database)
        .await
        .unwrap()
}

#[tokio::test]
async fn h6_the_words_of_a_search_that_count_are_bounded() {
    let shelf = Shelf::new().await;
    let letters = |number: u32| ["a", "e", "i", "o"].map(|vowel| format!("{vowel}n{number}am"));
    let chain = |join: &str| (0..12).flat_map(letters).collect::<Vec<_>>().join(join);
    for words in [chain(" or "), chain(" "), chain(" -"), chain("/")] {
        for mode in ["index", "whole"] {
            let nodes = nodes(&shelf, &words.chars().take(200).collect::<String>(), mode).await;
            assert!(nodes <= 8 * 80, "{nodes} for {words}");
        }
    }
}

#[tokio::test]
async fn h6_a_search_without_a_word_to_find_finds_nothing() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "Chess" })).await;
    for words in ["-a", "-a%20-b", "-%22a%20b%22", "or", "or%20or", "%22%22", "...", "-", "%22", "a%20or%20-chess"] {
        for sort in ["relevance", "newest"] {
            assert_eq!(shelf.find(&format!("q={words}&sort={sort}")).await, [""; 0], "{words}");
        }
        let facets = shelf.lyceum.anonymous().get(&format!("/v1/courses/facets?q={words}")).await.ok();
        assert_eq!(facets["price"], json!([]), "{words}");
    }
}

#[tokio::test]
async fn an_edit_that_changes_no_text_leaves_the_search_as_it_is() {
    let shelf = Shelf::new().await;
    let course = shelf.add(json!({ "title": "Chess" })).await;
    let version = "SELECT sum(xmin::text::bigint)::bigint FROM course_search";
    let before = shelf.lyceum.count(version).await;
    let changes: [Value; 4] = [
        json!({ "price": "5.00" }),
        json!({ "content": "Other content" }),
        json!({ "is_featured": true, "estimated_hours": "3.00" }),
        json!({ "visibility": "restricted" }),
    ];
    for fields in changes {
        course.change(fields).await;
        assert_eq!(shelf.lyceum.count(version).await, before);
    }
    course.change(json!({ "description": "About bishops." })).await;
    assert_eq!(shelf.find("q=bishop").await, ["Chess"]);
}

#[tokio::test]
async fn any_text_can_be_saved_and_searched_for() {
    let shelf = Shelf::new().await;
    let course = shelf.add(json!({ "title": "Chess" })).await;
    for (language, description) in [
        ("en", "x".repeat(10_000)),
        ("fr", "é".repeat(10_000)),
        ("en", "ab ".repeat(3_333)),
        ("zh", "课程入门".repeat(2_500)),
        ("th", "โปรแกรม".repeat(1_400)),
        ("ar", "\u{fdfa}".repeat(9_000)),
        ("en", "\u{1f600}\u{200d}'\\:*|&!<>()".repeat(700)),
        ("tr", "x".repeat(2_043)),
        ("en", "a.b".repeat(3_000)),
    ] {
        course.change(json!({ "language": language, "description": description })).await;
        assert_eq!(shelf.find("q=chess").await, ["Chess"]);
        let words: String = description.chars().take(200).collect();
        for sort in ["relevance", "title"] {
            shelf.find(&format!("q={}&sort={sort}", encoded(&words))).await;
        }
    }
}
