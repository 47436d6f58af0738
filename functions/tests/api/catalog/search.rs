use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

/// Published courses, and what anyone finds of them.
pub struct Shelf {
    pub lyceum: Arc<Lyceum>,
    pub instructor: Caller,
    pub admin: Caller,
}

impl Shelf {
    pub async fn new() -> Self {
        let lyceum = Lyceum::new().await;
        let (instructor, admin) = (lyceum.instructor().await, lyceum.admin().await);
        Self { lyceum, instructor, admin }
    }

    pub async fn add(&self, fields: Value) -> CourseInProgress {
        let course = CourseInProgress::published(&self.admin, &self.instructor, 1).await;
        course.change(fields).await;
        course
    }

    /// Once the jobs are done, since misspelt words are corrected by known words, which a job counts.
    pub async fn find(&self, query: &str) -> Vec<String> {
        self.lyceum.run_jobs().await;
        titles(&self.lyceum.anonymous().get(&format!("/v1/courses?{query}")).await.ok())
    }
}

fn titles(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|course| course["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn words_are_found_as_the_language_of_the_course_inflects_them() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "Running databases", "language": "en-GB" })).await;
    shelf.add(json!({ "title": "Katzen und Hunde", "language": "de" })).await;
    shelf.add(json!({ "title": "Les chevaux", "language": "fr" })).await;
    shelf.add(json!({ "title": "ÜBUNGEN", "language": "de-AT" })).await;
    shelf.add(json!({ "title": "Kujifunza lugha", "language": "sw" })).await;
    for (query, found) in [
        ("q=database", "Running databases"),
        ("q=run", "Running databases"),
        ("q=Katze", "Katzen und Hunde"),
        ("q=hund", "Katzen und Hunde"),
        ("q=cheval", "Les chevaux"),
        ("q=%C3%BCbung", "ÜBUNGEN"),
        ("q=lugha", "Kujifunza lugha"), // Postgres has no dictionary for it
    ] {
        assert_eq!(shelf.find(query).await, [found], "{query}");
    }
    let course = shelf.add(json!({ "title": "The Who", "language": "en" })).await;
    assert_eq!(shelf.find("q=the%20who").await, ["The Who"], "words that the language leaves out");
    course.change(json!({ "title": "Katze", "language": "de" })).await;
    assert_eq!(shelf.find("q=katzen%20-hunde").await, ["Katze"], "a change is found at once");
    assert_eq!(shelf.find("q=%22hunde%20katzen%22").await, Vec::<String>::new(), "in another order");
    assert_eq!(shelf.find("q=hunde%20or%20chevaux&sort=title").await, ["Katzen und Hunde", "Les chevaux"]);
}

#[tokio::test]
async fn typing_mistakes_are_tolerated_in_title_tags_and_description() {
    let shelf = Shelf::new().await;
    let course =
        shelf.add(json!({ "title": "Python for beginners", "description": "About algorithms, line by line." })).await;
    shelf.instructor.put(&course.path("/tags"), json!(["kubernetes"])).await.ok();
    shelf.add(json!({ "title": "Cooking", "description": "Bread." })).await;
    for query in [
        "pyhton",
        "phyton",
        "pythn",
        "Pythom",
        "pytho",
        "begginers",
        "introduction%20pyhton",
        "algoritm",
        "algorithim",
        "kubernets",
        "kuberntes",
        "lnie", // two letters swapped in a short word
        "the%20pyhton%20algoritms",
    ] {
        let expected: &[&str] = if query.starts_with("intro") { &[] } else { &["Python for beginners"] };
        assert_eq!(shelf.find(&format!("q={query}")).await, expected, "{query}");
    }
    assert_eq!(shelf.find("q=pyhton%20-bread").await, Vec::<String>::new(), "no guesses where words are excluded");
    assert_eq!(shelf.find("q=xylophone").await, Vec::<String>::new());
    assert_eq!(shelf.find("q=%27%5C%20%3A%2A%20%28%26").await, Vec::<String>::new(), "any text is a search");
}

#[tokio::test]
async fn what_has_the_words_as_typed_is_not_mixed_with_guesses() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "Paths" })).await;
    shelf.add(json!({ "title": "Maths" })).await;
    assert_eq!(shelf.find("q=maths").await, ["Maths"]);
    shelf.instructor.get("/v1/courses?q=maths&status=draft").await.ok();
    assert_eq!(shelf.find("q=mahts").await, ["Maths"]);
}

#[tokio::test]
async fn the_title_weighs_more_than_tags_and_tags_more_than_the_description() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "In the description", "description": "Some words on chess." })).await;
    shelf.add(json!({ "title": "Chess" })).await;
    let tagged = shelf.add(json!({ "title": "In the tags" })).await;
    shelf.instructor.put(&tagged.path("/tags"), json!(["chess"])).await.ok();
    let best_first = ["Chess", "In the tags", "In the description"];
    assert_eq!(shelf.find("q=chess").await, best_first);
    assert_eq!(shelf.find("q=chess&sort=relevance").await, best_first);
    assert_eq!(shelf.find("q=chess&sort=-relevance").await, ["In the description", "In the tags", "Chess"]);
    assert_eq!(shelf.find("q=chess&sort=newest").await, ["In the tags", "Chess", "In the description"]);
    assert_eq!(shelf.find("sort=relevance").await, shelf.find("sort=newest").await, "without words, all are alike");
    assert_eq!(shelf.find("sort=-relevance").await, shelf.find("sort=-newest").await);
}

#[tokio::test]
async fn pages_by_relevance_and_of_guesses_meet_every_course_once() {
    let shelf = Shelf::new().await;
    for number in 0..5 {
        let description = ["chess"].repeat(number % 3 + 1).join(" and ");
        shelf.add(json!({ "title": format!("Course {number}"), "description": description })).await;
    }
    shelf.lyceum.run_jobs().await;
    for (q, sorts) in [("chess", ["relevance", "-relevance", "popular"]), ("chees", ["relevance", "price", "title"])] {
        for sort in sorts {
            let (mut met, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/v1/courses?q={q}&sort={sort}&limit=2{cursor}");
                let page = shelf.lyceum.anonymous().get(&path).await.ok();
                met.extend(titles(&page));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            met.sort_unstable();
            assert_eq!(met, ["Course 0", "Course 1", "Course 2", "Course 3", "Course 4"], "{q} by {sort}");
        }
    }
    // A course that has the word as it was mistyped comes: the pages that follow still are those of the guess.
    let first = shelf.lyceum.anonymous().get("/v1/courses?q=chees&limit=3").await.ok();
    shelf.add(json!({ "title": "Chees" })).await;
    let path = format!("/v1/courses?q=chees&limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(titles(&shelf.lyceum.anonymous().get(&path).await.ok()).len(), 2);
}

#[tokio::test]
async fn words_of_what_is_hidden_lead_nowhere() {
    let shelf = Shelf::new().await;
    let private = shelf.add(json!({ "title": "Xylophones", "visibility": "private" })).await;
    let archived = shelf.add(json!({ "title": "Xylophonists" })).await;
    shelf.instructor.post(&archived.path("/archive"), json!({})).await.ok();
    let deleted = shelf.add(json!({ "title": "Xylophonic" })).await;
    shelf.instructor.delete(&deleted.path("")).await.no_content();
    let draft = CourseInProgress::draft(&shelf.admin, &shelf.instructor, 1).await;
    draft.change(json!({ "title": "Xylography" })).await;
    let stranger = shelf.lyceum.instructor().await;
    for caller in [&shelf.lyceum.anonymous(), &stranger, &shelf.lyceum.student().await] {
        for q in ["xylophones", "xylofones", "xylophonists", "xylophonic", "xylography"] {
            for status in ["", "&status=published", "&status=draft", "&status=archived"] {
                let page = caller.get(&format!("/v1/courses?q={q}{status}")).await.ok();
                assert!(titles(&page).is_empty(), "{q}{status}");
                let facets = caller.get(&format!("/v1/courses/facets?q={q}{status}")).await.ok();
                assert_eq!((&facets["price"], &facets["complete"]), (&json!([]), &json!(true)), "{q}{status}");
            }
        }
    }
    for (status, words, course) in
        [("published", "xylophone", private), ("archived", "xylophonists", archived), ("draft", "xylography", draft)]
    {
        let page = shelf.instructor.get(&format!("/v1/courses?q={words}&status={status}")).await.ok();
        assert_eq!(page["data"][0]["id"], json!(course.id), "its staff find it");
    }
}

#[tokio::test]
async fn relevance_ranks_at_most_a_thousand_those_with_the_words_in_the_title_first() {
    let shelf = Shelf::new().await;
    let model = shelf.add(json!({ "title": "A model" })).await;
    sqlx::query(
        "INSERT INTO courses (title, slug, description, instructor_id, category_id, status, created_by, updated_by)
         SELECT CASE WHEN n > 1290 THEN 'Chess' ELSE 'Games' END, 'many-' || n, 'On chess.', instructor_id, category_id,
           status, created_by, updated_by
         FROM courses, generate_series(1, 1300) AS n WHERE id = $1::uuid",
    )
    .bind(&model.id)
    .execute(&shelf.lyceum.database)
    .await
    .unwrap();
    sqlx::query("ANALYZE courses").execute(&shelf.lyceum.database).await.unwrap(); // as after any load
    let (mut met, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shelf.lyceum.anonymous().get(&format!("/v1/courses?q=chess&limit=100{cursor}")).await.ok();
        met.extend(titles(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(met.len(), 1000);
    assert!(met[..10].iter().all(|title| title == "Chess") && met[10..].iter().all(|title| title == "Games"));
    let facets = shelf.lyceum.anonymous().get("/v1/courses/facets?q=chess").await.ok();
    assert_eq!((&facets["complete"], &facets["price"]), (&json!(false), &json!([{ "value": "free", "count": 1000 }])));
    let facets = shelf.lyceum.anonymous().get("/v1/courses/facets?q=model").await.ok();
    assert_eq!((&facets["complete"], &facets["price"]), (&json!(true), &json!([{ "value": "free", "count": 1 }])));
    let facets = shelf.lyceum.anonymous().get("/v1/courses/facets").await.ok();
    assert_eq!((&facets["complete"], &facets["language"]), (&json!(false), &json!([{ "value": "en", "count": 1000 }])));
}
