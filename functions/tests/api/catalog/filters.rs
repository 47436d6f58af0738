use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

fn titles(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|course| course["title"].as_str().unwrap()).collect()
}

async fn found(caller: &Caller, query: &str) -> String {
    titles(&caller.get(&format!("/v1/courses?sort=title&{query}")).await.ok()).join(" ")
}

/// Four courses that differ in everything.
async fn shelf(lyceum: &std::sync::Arc<Lyceum>) -> (Caller, Caller, Vec<CourseInProgress>) {
    let (admin, one, two) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let mut courses = Vec::new();
    for (title, instructor, level, language, price, featured, tags) in [
        ("A", &one, "beginner", "en", "0", true, json!(["rust", "web"])),
        ("B", &one, "advanced", "en", "49.00", false, json!(["rust"])),
        ("C", &two, "advanced", "de", "0.01", false, json!(["web", "b & c"])),
        ("D", &two, "intermediate", "pt-BR", "0", true, json!([])),
    ] {
        lyceum.clock.advance(chrono::TimeDelta::milliseconds(1));
        let course = CourseInProgress::published(&admin, instructor, 1).await;
        let fields = json!({ "title": title, "difficulty_level": level, "language": language, "price": price, "is_featured": featured });
        course.change(fields).await;
        instructor.put(&course.path("/tags"), tags).await.ok();
        courses.push(course);
    }
    (one, two, courses)
}

#[tokio::test]
async fn each_filter_alone_and_all_together() {
    let lyceum = Lyceum::new().await;
    let (one, _, courses) = shelf(&lyceum).await;
    let anyone = lyceum.anonymous();
    let category = anyone.get(&courses[0].path("")).await.ok()["category_id"].as_str().unwrap().to_owned();
    let slug = anyone.get(&format!("/v1/categories/{category}")).await.ok()["slug"].as_str().unwrap().to_owned();
    for (query, expected) in [
        (String::new(), "A B C D"),
        (format!("category={slug}"), "A"),
        ("category=none".to_owned(), ""),
        ("tag=rust".to_owned(), "A B"),
        ("tag=rust&tag=web".to_owned(), "A"),
        ("tag=b%20%26%20c".to_owned(), "C"),
        ("tag=none".to_owned(), ""),
        ("difficulty_level=advanced".to_owned(), "B C"),
        ("language=en".to_owned(), "A B"),
        ("language=EN".to_owned(), "A B"),
        ("language=eng".to_owned(), "A B"),
        ("language=pt-BR".to_owned(), "D"),
        ("language=PT-br".to_owned(), "D"),
        ("language=pt".to_owned(), ""),
        (format!("instructor_id={}", one.id), "A B"),
        ("price=free".to_owned(), "A D"),
        ("price=paid".to_owned(), "B C"),
        ("is_featured=true".to_owned(), "A D"),
        ("is_featured=false".to_owned(), "B C"),
        ("status=published".to_owned(), "A B C D"),
        ("deleted=false".to_owned(), "A B C D"),
        ("q=test".to_owned(), "A B C D"),
        (
            format!(
                "q=test&category={slug}&tag=rust&tag=web&difficulty_level=beginner&language=en&instructor_id={}&price=free&is_featured=true&status=published",
                one.id
            ),
            "A",
        ),
        (format!("q=test&category={slug}&price=paid"), ""),
    ] {
        assert_eq!(found(&anyone, &query).await, expected, "{query}");
        // The facets count what the list shows.
        let facets = anyone.get(&format!("/v1/courses/facets?{query}")).await.ok();
        let counted: i64 = facets["price"].as_array().unwrap().iter().map(|one| one["count"].as_i64().unwrap()).sum();
        assert_eq!(usize::try_from(counted).unwrap(), expected.split_whitespace().count(), "{query}");
    }
}

#[tokio::test]
async fn each_order_with_filters_its_reverse_and_its_pages() {
    let lyceum = Lyceum::new().await;
    let (_, _, courses) = shelf(&lyceum).await;
    for learner in 0..3 {
        let student = lyceum.student().await;
        for course in [&courses[3], &courses[0]].iter().skip(usize::from(learner > 0)) {
            course.enroll(&student).await;
        }
    }
    lyceum.run_jobs().await;
    for (sort, expected) in [("newest", "DCBA"), ("title", "ABCD"), ("price", "ADCB"), ("popular", "ADCB")] {
        for (reversed, filter) in [(false, ""), (true, ""), (false, "&status=published"), (true, "&language=en")] {
            let sort = if reversed { format!("-{sort}") } else { sort.to_owned() };
            let (mut met, mut cursor) = (String::new(), String::new());
            loop {
                let page =
                    lyceum.anonymous().get(&format!("/v1/courses?limit=1&sort={sort}{filter}{cursor}")).await.ok();
                met.extend(titles(&page));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let mut expected = expected.to_owned();
            if reversed {
                expected = expected.chars().rev().collect();
            }
            if filter.starts_with("&lang") {
                expected.retain(|title| "AB".contains(title));
            }
            assert_eq!(met, expected, "{sort}{filter}");
        }
    }
}

#[tokio::test]
async fn popular_counts_who_is_enrolled_and_leaves_the_courses_version_alone() {
    let lyceum = Lyceum::new().await;
    let (one, _, courses) = shelf(&lyceum).await;
    let tag = one.get(&courses[1].path("")).await.header("etag").to_owned();
    courses[1].change(json!({ "price": "0" })).await;
    let student = lyceum.student().await;
    let enrollment = courses[1].enroll(&student).await;
    lyceum.run_jobs().await;
    assert!(titles(&lyceum.anonymous().get("/v1/courses?sort=popular").await.ok())[0] == "B");
    courses[1].enroll(&lyceum.student().await).await;
    courses[0].enroll(&student).await;
    student.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    student.delete(&format!("/v1/enrollments/{enrollment}")).await.no_content();
    courses[0].enroll(&lyceum.student().await).await;
    lyceum.run_jobs().await;
    assert_eq!(titles(&lyceum.anonymous().get("/v1/courses?sort=popular").await.ok())[..2], ["A", "B"]);
    student.post(&courses[1].path("/enrollments"), json!({})).await.is(200);
    courses[1].enroll(&lyceum.student().await).await;
    lyceum.run_jobs().await;
    assert_eq!(titles(&lyceum.anonymous().get("/v1/courses?sort=popular").await.ok())[..2], ["B", "A"]);
    let now = one.get(&courses[1].path("")).await.header("etag").to_owned();
    let raised = |tag: &str| tag.trim_matches(['"', 'v']).parse::<i32>().unwrap();
    assert_eq!(raised(&now), raised(&tag) + 1, "by the new price alone");
    // Within a category, also after a move.
    let category = |index: usize| {
        let (anyone, path) = (lyceum.anonymous(), courses[index].path(""));
        async move {
            let id = anyone.get(&path).await.ok()["category_id"].as_str().unwrap().to_owned();
            anyone.get(&format!("/v1/categories/{id}")).await.ok()
        }
    };
    let target = category(1).await;
    courses[0].change(json!({ "category_id": target["id"] })).await;
    let slug = target["slug"].as_str().unwrap();
    for (sort, expected) in [("popular", "B A"), ("-popular", "A B"), ("title", "A B"), ("-price", "B A")] {
        let page = lyceum.anonymous().get(&format!("/v1/courses?category={slug}&sort={sort}")).await.ok();
        assert_eq!(titles(&page).join(" "), expected, "{sort}");
    }
    let wrong = lyceum.count(
        "SELECT count(*) FROM course_popularity p WHERE enrollment_count <>
           (SELECT count(*) FROM enrollments e WHERE e.course_id = p.course_id AND status <> 'dropped')",
    );
    assert_eq!(wrong.await, 0);
}

#[tokio::test]
async fn sixty_four_learners_at_once_are_all_counted() {
    let lyceum = Lyceum::new().await;
    let (_, _, courses) = shelf(&lyceum).await;
    let mut learners = Vec::new();
    for _ in 0..64 {
        learners.push(lyceum.student().await);
    }
    let path = courses[0].path("/enrollments");
    let calls: Vec<_> = learners
        .into_iter()
        .map(|learner| {
            let path = path.clone();
            tokio::spawn(async move { learner.post(&path, json!({})).await.status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 201);
    }
    lyceum.run_jobs().await;
    assert_eq!(lyceum.count("SELECT max(enrollment_count)::bigint FROM course_popularity").await, 64);
}

#[tokio::test]
async fn deleted_courses_are_listed_to_administrators_alone() {
    let lyceum = Lyceum::new().await;
    let (one, _, courses) = shelf(&lyceum).await;
    one.delete(&courses[0].path("")).await.no_content();
    lyceum.anonymous().get("/v1/courses?deleted=true").await.problem(401, "unauthorized");
    lyceum.anonymous().get("/v1/courses/facets?deleted=true").await.problem(401, "unauthorized");
    one.get("/v1/courses?deleted=true").await.problem(403, "forbidden");
    one.get("/v1/courses/facets?deleted=true").await.problem(403, "forbidden");
    let admin = lyceum.admin().await;
    let page = admin.get("/v1/courses?deleted=true").await.ok();
    assert_eq!((titles(&page), &page["data"][0]["deleted_at"]), (vec!["A"], &json!("2026-11-23T19:56:00.004Z")));
    assert_eq!(found(&admin, "deleted=true&status=published&q=test").await, "A");
    assert_eq!(found(&admin, "deleted=true&status=draft").await, "");
    assert_eq!(found(&admin, "").await, "B C D");
    assert!(admin.get("/v1/courses").await.ok()["data"][0].get("deleted_at").is_none());
}

#[tokio::test]
async fn facets_count_by_each_filter_the_most_frequent_first() {
    let lyceum = Lyceum::new().await;
    let (one, _, courses) = shelf(&lyceum).await;
    let answer = lyceum.anonymous().get("/v1/courses/facets").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=60, stale-while-revalidate=300");
    let facets = answer.ok();
    assert_eq!(facets["difficulty_level"][0], json!({ "value": "advanced", "count": 2 }));
    assert_eq!(facets["language"][0], json!({ "value": "en", "count": 2 }));
    assert_eq!(
        facets["tag"],
        json!([{ "value": "rust", "count": 2 }, { "value": "web", "count": 2 }, { "value": "b & c", "count": 1 }])
    );
    assert_eq!(facets["price"], json!([{ "value": "free", "count": 2 }, { "value": "paid", "count": 2 }]));
    let category = &facets["category"][3];
    assert!(category["name"].as_str().unwrap().starts_with("Category") && category["count"] == 1, "{facets}");
    assert_eq!(facets["complete"], true);

    // What is hidden is not counted, but for its staff, who ask for it.
    one.post(&courses[0].path("/archive"), json!({})).await.ok();
    courses[1].change(json!({ "visibility": "private" })).await;
    let languages = |caller: Caller, query: &'static str| async move {
        caller.get(&format!("/v1/courses/facets{query}")).await.ok()["language"].clone()
    };
    let two_left = json!([{ "value": "de", "count": 1 }, { "value": "pt-BR", "count": 1 }]);
    assert_eq!(languages(lyceum.anonymous(), "").await, two_left);
    assert_eq!(languages(lyceum.student().await, "?status=published").await, two_left);
    assert_eq!(languages(lyceum.student().await, "?status=archived").await, json!([]));
    assert_eq!(languages(one.clone(), "?status=archived").await, json!([{ "value": "en", "count": 1 }]));
    assert_eq!(
        lyceum.anonymous().get("/v1/courses/facets?colour=red&limit=0").await.faults(),
        ["colour unknown_field", "limit out_of_range"]
    );
}

#[tokio::test]
async fn bad_filters_are_told() {
    let lyceum = Lyceum::new().await;
    for (query, fault) in [
        ("difficulty_level=hard", "difficulty_level unknown_value"),
        ("instructor_id=x", "instructor_id invalid_id"),
        ("price=1", "price unknown_value"),
        ("is_featured=yes", "is_featured wrong_type"),
        ("deleted=1", "deleted wrong_type"),
        ("tag=%20", "tag blank"),
        ("tag=a&tag=%00", "tag/1 invalid_text"),
        ("language=%20", "language invalid_language"),
        ("language=english", "language invalid_language"),
        ("language=xx", "language invalid_language"),
        ("category=A", "category invalid_slug"),
        ("sort=--title", "sort unknown_value"),
    ] {
        assert_eq!(lyceum.anonymous().get(&format!("/v1/courses?{query}")).await.faults(), [fault], "{query}");
    }
    let many = vec!["tag=a"; 21].join("&");
    assert_eq!(lyceum.anonymous().get(&format!("/v1/courses?{many}")).await.faults(), ["tag too_many"]);
}
