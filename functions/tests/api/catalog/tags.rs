use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

async fn counts(caller: &Caller, query: &str) -> Vec<String> {
    caller.lyceum.run_jobs().await;
    let page = caller.get(&format!("/v1/tags{query}")).await.ok();
    let shown = |tag: &Value| format!("{} {}", tag["tag"].as_str().unwrap(), tag["course_count"]);
    page["data"].as_array().unwrap().iter().map(shown).collect()
}

#[tokio::test]
async fn tags_are_given_as_a_whole() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let path = course.path("/tags");
    let answer = instructor.put(&path, json!([" web ", "Rust", "web"])).await;
    let tag = answer.header("etag").to_owned();
    assert_eq!(answer.ok()["tags"], json!(["Rust", "web"]));
    let again = instructor.put(&path, json!(["web", "Rust"])).await;
    assert_eq!(again.header("etag"), tag, "the same call again changes nothing");
    let stale = instructor.with_header("if-match", "\"v1\"").put(&path, json!([])).await;
    assert_eq!(stale.problem(412, "precondition-failed")["current"], tag);
    let changed = instructor.with_header("if-match", &tag).put(&path, json!(["web", "sql"])).await.ok();
    assert_eq!((&changed["tags"], &instructor.get(&course.path("")).await.ok()), (&json!(["sql", "web"]), &changed));
    assert_eq!(admin.put(&path, json!([])).await.ok()["tags"], json!([]));
    let rows = lyceum.audited("course.set_tags").await;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["changes"]["tags"], json!({ "from": ["Rust", "web"], "to": ["sql", "web"] }));
    assert_eq!((&rows[2]["user_id"], &rows[2]["resource_id"]), (&json!(admin.id), &json!(course.id)));
}

#[tokio::test]
async fn tags_are_given_by_the_staff_and_bad_ones_are_told() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("/tags");
    lyceum.anonymous().put(&path, json!([])).await.problem(401, "unauthorized");
    for stranger in [lyceum.student().await, lyceum.instructor().await] {
        stranger.put(&path, json!([])).await.problem(403, "forbidden");
    }
    course.change(json!({ "visibility": "private" })).await;
    lyceum.instructor().await.put(&path, json!([])).await.problem(404, "not-found");
    instructor.put("/v1/courses/a-course/tags", json!([])).await.problem(404, "not-found");
    let long = "x".repeat(101);
    assert_eq!(
        instructor.put(&path, json!(["", 1, long, "\u{0}", "\u{200b}\u{301}"])).await.faults(),
        ["/0 blank", "/1 wrong_type", "/2 too_long", "/3 invalid_text", "/4 blank"]
    );
    assert_eq!(instructor.put(&path, json!({ "tags": [] })).await.faults(), [" wrong_type"]);
    let many: Vec<_> = (0..51).map(|number| number.to_string()).collect();
    assert_eq!(instructor.put(&path, json!(many)).await.faults(), [" too_many"]);
    instructor.put(&path, json!(many[..50])).await.ok();
}

#[tokio::test]
async fn tags_are_counted_over_the_published_courses_that_anyone_may_know_of() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let (first, second) = (
        CourseInProgress::draft(&admin, &instructor, 1).await,
        CourseInProgress::published(&admin, &instructor, 1).await,
    );
    let none: [&str; 0] = [];
    instructor.put(&first.path("/tags"), json!(["a", "secret"])).await.ok();
    for caller in [&lyceum.anonymous(), &instructor, &admin] {
        assert_eq!(counts(caller, "").await, none, "a draft's");
    }
    instructor.put(&second.path("/tags"), json!(["a", "b"])).await.ok();
    assert_eq!(counts(&instructor, "").await, ["a 1", "b 1"]);
    instructor.post(&first.path("/publish"), json!({})).await.ok();
    assert_eq!(counts(&instructor, "").await, ["a 2", "b 1", "secret 1"]);
    instructor.put(&second.path("/tags"), json!(["a", "c"])).await.ok();
    assert_eq!(counts(&instructor, "").await, ["a 2", "c 1", "secret 1"]);
    for (hide, show) in [
        (("PATCH", "", json!({ "visibility": "private" })), ("PATCH", "", json!({ "visibility": "restricted" }))),
        (("POST", "/archive", json!({})), ("POST", "/publish", json!({}))),
        (("POST", "/unpublish", json!({})), ("POST", "/publish", json!({}))),
    ] {
        instructor.send(hide.0, &first.path(hide.1), Some(hide.2)).await.ok();
        assert_eq!(counts(&instructor, "").await, ["a 1", "c 1"], "{}", hide.1);
        instructor.send(show.0, &first.path(show.1), Some(show.2)).await.ok();
        assert_eq!(counts(&instructor, "").await, ["a 2", "c 1", "secret 1"], "{}", show.1);
    }
    instructor.delete(&first.path("")).await.no_content();
    assert_eq!(counts(&instructor, "").await, ["a 1", "c 1"], "deleted");
    instructor.post(&first.path("/restore"), json!({})).await.ok();
    let categories = lyceum.anonymous().get("/v1/tags").await;
    assert_eq!(categories.header("cache-control"), "public, max-age=60, stale-while-revalidate=300");
    lyceum.run_jobs().await;
    let wrong = lyceum.count(
        "SELECT count(*) FROM tag_counts n WHERE course_count <> (SELECT count(*) FROM course_tags t
           JOIN courses c ON c.id = t.course_id AND is_listed(c) WHERE folded(t.tag) = n.key)",
    );
    assert_eq!(wrong.await, 0);
}

#[tokio::test]
async fn spellings_of_one_tag_are_one_tag() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let second = CourseInProgress::published(&admin, &instructor, 1).await;
    let third = CourseInProgress::published(&admin, &instructor, 1).await;
    let tags = instructor.put(&first.path("/tags"), json!(["Python", "python", "  Data   Science "])).await.ok();
    assert_eq!(tags["tags"], json!(["Data Science", "Python"]), "doubles merge; the first spelling stays");
    instructor.put(&second.path("/tags"), json!(["PYTHON", "Pole\u{301}mique"])).await.ok();
    let composed = instructor.put(&third.path("/tags"), json!(["Polémique"])).await;
    assert_eq!(composed.ok()["tags"], json!(["Polémique"]));
    let anyone = lyceum.anonymous();
    assert_eq!(counts(&anyone, "").await, ["Data Science 1", "Polémique 2", "Python 2"]);
    for (query, found) in
        [("python", 2), ("%20PyThOn%20", 2), ("polemique", 2), ("pole%CC%81mique", 2), ("data%20science", 1)]
    {
        let page = anyone.get(&format!("/v1/courses?tag={query}")).await.ok();
        assert_eq!(page["data"].as_array().unwrap().len(), found, "{query}");
    }
    let facets = anyone.get("/v1/courses/facets").await.ok();
    let tag = |value: &str, count: i64| json!({ "value": value, "count": count });
    assert_eq!(facets["tag"], json!([tag("PYTHON", 2), tag("Polémique", 2), tag("Data Science", 1)]));
    let respelt = instructor.put(&first.path("/tags"), json!(["python", "Data Science"])).await.ok();
    assert_eq!(respelt["tags"], json!(["Data Science", "python"]), "an edit gives it another spelling");
    assert_eq!(
        counts(&anyone, "?prefix=p").await,
        ["Polémique 2", "Python 2"],
        "the spelling that came first is shown"
    );
}

#[tokio::test]
async fn tags_are_listed_by_the_alphabet_by_prefix_and_in_pages() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let tags = json!(["SQL", "sql server", "sqlite", "s%l", "s_l", "rust", "ÜBUNG", "日本語"]);
    instructor.put(&course.path("/tags"), tags).await.ok();
    let anyone = lyceum.anonymous();
    assert_eq!(counts(&anyone, "?prefix=sQl").await, ["SQL 1", "sql server 1", "sqlite 1"]);
    assert_eq!(counts(&anyone, "?prefix=s%25").await, ["s%l 1"]);
    assert_eq!(counts(&anyone, "?prefix=%E6%97%A5").await, ["日本語 1"]);
    for prefix in ["%C3%BCb", "u", "U%CC%88b"] {
        assert_eq!(counts(&anyone, &format!("?prefix={prefix}")).await, ["ÜBUNG 1"], "{prefix}");
    }
    assert!(counts(&anyone, "?prefix=x").await.is_empty());
    let (mut met, mut path) = (Vec::new(), "/v1/tags?prefix=s&limit=2".to_owned());
    loop {
        let answer = anyone.get(&path).await;
        let link = answer.header("link").to_owned();
        let page = answer.ok();
        met.extend(page["data"].as_array().unwrap().iter().map(|tag| tag["tag"].as_str().unwrap().to_owned()));
        let Some(next) = link.strip_prefix('<').and_then(|link| link.split_once('>')) else { break };
        path = next.0.to_owned();
    }
    assert_eq!(met, ["s%l", "s_l", "SQL", "sql server", "sqlite"]);
    for (query, fault) in [
        ("prefix=%20", "prefix blank"),
        ("limit=0", "limit out_of_range"),
        ("cursor=x", "cursor invalid_cursor"),
        ("q=x", "q unknown_field"),
    ] {
        assert_eq!(anyone.get(&format!("/v1/tags?{query}")).await.faults(), [fault], "{query}");
    }
}

#[tokio::test]
async fn sixty_four_edits_of_tags_at_once_leave_the_counts_right() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut courses = Vec::new();
    for _ in 0..4 {
        courses.push(CourseInProgress::published(&admin, &instructor, 1).await);
    }
    let calls: Vec<_> = (0..64)
        .map(|number: usize| {
            let (instructor, course) = (instructor.clone(), courses[number % 4].clone());
            let tags = ["a", "b", "c", "d", "e"];
            let mut tags = json!([tags[number % 5], tags[(number / 4) % 5], tags[(number / 7) % 5]]);
            tags.as_array_mut().unwrap().reverse();
            tokio::spawn(async move { instructor.put(&course.path("/tags"), tags).await.status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    lyceum.run_jobs().await;
    let wrong = lyceum.count(
        "SELECT count(*) FROM tag_counts n WHERE course_count <> (SELECT count(*) FROM course_tags t WHERE folded(t.tag) = n.key)",
    );
    assert_eq!(wrong.await, 0);
    let copies = lyceum.count(
        "SELECT count(*) FROM courses c WHERE tags <>
           coalesce((SELECT jsonb_agg(tag ORDER BY tag) FROM course_tags WHERE course_id = c.id), '[]')",
    );
    assert_eq!(copies.await, 0);
}
