use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

fn titles(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|course| course["title"].as_str().unwrap()).collect()
}

async fn published(lyceum: &std::sync::Arc<Lyceum>, instructor: &Caller, titles: &[&str]) -> Vec<CourseInProgress> {
    let admin = lyceum.admin().await;
    let mut courses = Vec::new();
    for title in titles {
        lyceum.clock.advance(chrono::TimeDelta::milliseconds(1));
        let course = CourseInProgress::published(&admin, instructor, 1).await;
        course.change(json!({ "title": title })).await;
        courses.push(course);
    }
    courses
}

#[tokio::test]
async fn each_order_and_its_reverse() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    published(&lyceum, &instructor, &["beta", "Alpha", "gamma"]).await;
    for (sort, expected) in [
        ("", ["gamma", "Alpha", "beta"]),
        ("?sort=newest", ["gamma", "Alpha", "beta"]),
        ("?sort=-newest", ["beta", "Alpha", "gamma"]),
        ("?sort=title", ["Alpha", "beta", "gamma"]),
        ("?sort=-title", ["gamma", "beta", "Alpha"]),
    ] {
        let page = lyceum.anonymous().get(&format!("/v1/courses{sort}")).await.ok();
        assert_eq!(titles(&page), expected, "{sort}");
    }
}

#[tokio::test]
async fn titles_are_in_the_order_of_a_dictionary_page_by_page() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let in_order = [
        "1 apple",
        "2 apples",
        "10 apples",
        "apple",
        "Apple",
        "Äpfel und Birnen",
        "apple",
        "école",
        "Zebra",
        "zebra crossing",
        "Łódź",
        "Ωμέγα",
        "Яблоко",
        "한국어",
        "日本語",
    ];
    let mut shuffled = in_order.to_vec();
    shuffled.sort_by_key(|title| title.bytes().map(u32::from).sum::<u32>() % 17);
    published(&lyceum, &instructor, &shuffled).await;
    let by_page = |sort: &'static str| {
        let anyone = lyceum.anonymous();
        async move {
            let (mut met, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = anyone.get(&format!("/v1/courses?sort={sort}&limit=2{cursor}")).await.ok();
                met.extend(titles(&page).into_iter().map(ToOwned::to_owned));
                let Some(next) = page["next_cursor"].as_str() else { return met };
                cursor = format!("&cursor={next}");
            }
        }
    };
    let mut met = by_page("title").await;
    let expected = [
        "1 apple",
        "2 apples",
        "10 apples",
        "Äpfel und Birnen",
        "apple",
        "apple",
        "Apple",
        "école",
        "Łódź",
        "Zebra",
        "zebra crossing",
        "Ωμέγα",
        "Яблоко",
        "한국어",
        "日本語",
    ];
    assert_eq!(met, expected);
    met.reverse();
    assert_eq!(by_page("-title").await, met);
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_rows_come_and_go() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let courses = published(&lyceum, &instructor, &["a", "b", "c", "d", "e", "f"]).await;
    for sort in ["newest", "title", "-newest", "-title"] {
        let first = lyceum.anonymous().get(&format!("/v1/courses?sort={sort}&limit=2")).await.ok();
        let cursor = first["next_cursor"].as_str().unwrap();
        // One that was shown goes, and comes back after the next page was read.
        let shown = courses.iter().find(|course| first["data"][0]["id"] == course.id).unwrap();
        instructor.delete(&shown.path("")).await.no_content();
        let second = lyceum.anonymous().get(&format!("/v1/courses?sort={sort}&limit=100&cursor={cursor}")).await.ok();
        instructor.post(&shown.path("/restore"), json!({})).await.ok();
        let mut all = [titles(&first), titles(&second)].concat();
        all.sort_unstable();
        assert_eq!(all, ["a", "b", "c", "d", "e", "f"], "{sort}");
        assert_eq!(second["next_cursor"], Value::Null);
    }
}

#[tokio::test]
async fn words_are_found_in_title_tags_and_description() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = admin.post("/v1/categories", json!({ "name": "c" })).await.created();
    for (title, description, tags) in
        [("Maps", "x", json!([])), ("x", "Drawing maps.", json!([])), ("y", "x", json!(["maps"]))]
    {
        let body = json!({ "title": title, "description": description, "category_id": category["id"], "tags": tags });
        instructor.post("/v1/courses", body).await.created();
    }
    let found = |query: &str| {
        let (path, instructor) = (format!("/v1/courses?status=draft&q={query}"), instructor.clone());
        async move { titles(&instructor.get(&path).await.ok()).len() }
    };
    assert_eq!(
        (found("MAPS").await, found("maps%20drawing").await, found("-maps").await, found("nothing").await),
        (3, 1, 0, 0)
    );
    assert_eq!(found("%22%27%3B%20DROP%20%28%26%7C%3A*").await, 0, "any text is a search");
}

#[tokio::test]
async fn a_category_is_chosen_by_its_slug() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let courses = published(&lyceum, &instructor, &["a", "b"]).await;
    let category = instructor.get(&courses[0].path("")).await.ok()["category_id"].clone();
    let category = lyceum.anonymous().get(&format!("/v1/categories/{}", category.as_str().unwrap())).await.ok();
    let path = format!("/v1/courses?category={}", category["slug"].as_str().unwrap());
    assert_eq!(titles(&lyceum.anonymous().get(&path).await.ok()), ["a"]);
    assert!(titles(&lyceum.anonymous().get("/v1/courses?category=none").await.ok()).is_empty());
}

#[tokio::test]
async fn drafts_private_archived_and_deleted_ones_are_listed_to_their_staff_alone() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, other) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let courses = published(&lyceum, &instructor, &["archived", "private", "restricted", "deleted"]).await;
    instructor.post(&courses[0].path("/archive"), json!({})).await.ok();
    courses[1].change(json!({ "visibility": "private" })).await;
    courses[2].change(json!({ "visibility": "restricted" })).await;
    instructor.delete(&courses[3].path("")).await.no_content();
    let draft = CourseInProgress::draft(&admin, &instructor, 0).await;
    draft.change(json!({ "title": "draft" })).await;
    let none: [&str; 0] = [];
    for (query, staff, others) in [
        ("", &["restricted"][..], &["restricted"][..]),
        ("?status=published", &["restricted", "private"], &["restricted"]),
        ("?status=draft", &["draft"], &none),
        ("?status=archived", &["archived"], &none),
    ] {
        for (caller, expected) in
            [(&instructor, staff), (&admin, staff), (&other, others), (&lyceum.anonymous(), others)]
        {
            assert_eq!(titles(&caller.get(&format!("/v1/courses{query}")).await.ok()), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_token_keeps_the_answer_out_of_shared_caches() {
    let lyceum = Lyceum::new().await;
    let anonymous = lyceum.anonymous().get("/v1/courses").await;
    assert_eq!(anonymous.header("cache-control"), "public, max-age=60, stale-while-revalidate=300");
    let tag = anonymous.header("etag").to_owned();
    lyceum.anonymous().with_header("if-none-match", &tag).get("/v1/courses").await.is(304);
    assert_eq!(lyceum.student().await.get("/v1/courses").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn bad_parameters_are_told() {
    let lyceum = Lyceum::new().await;
    for (query, fault) in [
        ("limit=0", "limit out_of_range"),
        ("limit=101", "limit out_of_range"),
        ("limit=x", "limit out_of_range"),
        ("limit=1&limit=2", "limit wrong_type"),
        ("cursor=x", "cursor invalid_cursor"),
        ("sort=colour", "sort unknown_value"),
        ("status=new", "status unknown_value"),
        ("colour=red", "colour unknown_field"),
        ("q=%20", "q blank"),
        ("q=%00", "q invalid_text"),
    ] {
        assert_eq!(lyceum.anonymous().get(&format!("/v1/courses?{query}")).await.faults(), [fault], "{query}");
    }
    let instructor = lyceum.instructor().await;
    published(&lyceum, &instructor, &["a", "b"]).await;
    let page = lyceum.anonymous().get("/v1/courses?limit=1").await.ok();
    let foreign = format!("/v1/courses?sort=title&cursor={}", page["next_cursor"].as_str().unwrap());
    lyceum.anonymous().get(&foreign).await.is(200); // a time sorts as a text does; a title is no time:
    let page = lyceum.anonymous().get("/v1/courses?limit=1&sort=title").await.ok();
    let foreign = format!("/v1/courses?cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(lyceum.anonymous().get(&foreign).await.faults(), ["cursor invalid_cursor"]);
}

#[tokio::test]
async fn a_reader_who_follows_the_pages_meets_every_course_once() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let mut courses = published(&lyceum, &instructor, &["d", "b", "a", "c", "e", "f", "g"]).await;
    for sort in ["newest", "-newest", "title", "-title"] {
        let (mut path, mut met, mut read) = (format!("/v1/courses?sort={sort}&limit=2"), Vec::new(), 0);
        loop {
            let answer = lyceum.anonymous().get(&path).await;
            let link = answer.header("link").to_owned();
            let page = answer.ok();
            met.extend(page["data"].as_array().unwrap().iter().map(|course| course["id"].clone()));
            read += 1;
            // What was met goes and what lies behind comes: neither shows again, nor hides another.
            if read == 1 {
                let gone = courses.iter().position(|course| met[0] == course.id).unwrap();
                instructor.delete(&courses.remove(gone).path("")).await.no_content();
                let title = if sort.starts_with('-') { "zz" } else { "0" };
                if sort.ends_with("title") {
                    courses.extend(published(&lyceum, &instructor, &[title]).await);
                } else if sort == "newest" {
                    courses.extend(published(&lyceum, &instructor, &["new"]).await);
                }
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
            assert!(path.contains(cursor) && path.contains(&format!("sort={sort}")), "{path}");
        }
        let mut once = met.clone();
        once.sort_by_key(Value::to_string);
        once.dedup();
        assert_eq!(once.len(), met.len(), "{sort}");
        let missed = courses.iter().filter(|course| !met.contains(&json!(course.id))).count();
        assert_eq!(missed, usize::from(sort != "-newest"), "the one that came before the first page, by {sort}");
    }
}

#[tokio::test]
async fn courses_with_one_title_and_one_time_fall_on_pages_too() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    for _ in 0..5 {
        CourseInProgress::published(&admin, &instructor, 1).await;
    }
    let mut all = Vec::new();
    for sort in ["-newest", "title", "newest", "-title"] {
        let (mut path, mut ids) = (format!("/v1/courses?sort={sort}&limit=2"), Vec::new());
        loop {
            let page = lyceum.anonymous().get(&path).await.ok();
            ids.extend(page["data"].as_array().unwrap().iter().map(|course| course["id"].to_string()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/courses?sort={sort}&limit=2&cursor={cursor}");
        }
        all.push(ids);
    }
    assert_eq!(all[0].len(), 5);
    assert!(all[0].is_sorted_by(|one, next| one < next), "in the order in which they were made");
    assert_eq!((&all[1], &all[2]), (&all[0], &all[3]));
    all[2].reverse();
    assert_eq!(all[2], all[0]);
}

#[tokio::test]
async fn the_next_page_keeps_the_filters() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    published(&lyceum, &instructor, &["Maps & more", "Maps & less", "Else", "More maps & plans"]).await;
    let first = lyceum.anonymous().get("/v1/courses?q=maps%20%26&sort=title&limit=1").await;
    let link = first.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    let second = lyceum.anonymous().get(&link).await;
    let link = second.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    let third = lyceum.anonymous().get(&link).await;
    assert_eq!(third.header("link"), "");
    let met = [titles(&first.ok()), titles(&second.ok()), titles(&third.ok())].concat().join(", ");
    assert_eq!(met, "Maps & less, Maps & more, More maps & plans");
}

#[tokio::test]
async fn a_course_in_the_list_shows_neither_its_content_nor_an_email() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let courses = published(&lyceum, &instructor, &["a"]).await;
    courses[0].change(json!({ "content": "long", "price": "5" })).await;
    let answer = lyceum.anonymous().get("/v1/courses").await;
    assert!(!answer.text.contains('@') && !answer.text.contains("created_by"), "{}", answer.text);
    let course = &answer.ok()["data"][0];
    assert_eq!((&course["price"], course.get("content")), (&json!("5.00"), None));
    assert_eq!(course["instructor"]["last_name"], "Instructor");
}

#[tokio::test]
async fn a_forged_cursor_is_told_and_breaks_nothing() {
    let lyceum = Lyceum::new().await;
    // What it holds, in which order, and how it is written.
    for (keys, sort, cursor) in [
        (
            r#"["-200000-01-01T00:00:00Z","01a20b2a-4c1d-72f6-bc2d-c4797948c40a"]"#,
            "newest",
            "WyItMjAwMDAwLTAxLTAxVDAwOjAwOjAwWiIsIjAxYTIwYjJhLTRjMWQtNzJmNi1iYzJkLWM0Nzk3OTQ4YzQwYSJd",
        ),
        (
            r#"["+262000-01-01T00:00:00Z","01a20b2a-4c1d-72f6-bc2d-c4797948c40a"]"#,
            "-newest",
            "WyIrMjYyMDAwLTAxLTAxVDAwOjAwOjAwWiIsIjAxYTIwYjJhLTRjMWQtNzJmNi1iYzJkLWM0Nzk3OTQ4YzQwYSJd",
        ),
        (
            r#"["a\u0000b","01a20b2a-4c1d-72f6-bc2d-c4797948c40a"]"#,
            "title",
            "WyJhXHUwMDAwYiIsIjAxYTIwYjJhLTRjMWQtNzJmNi1iYzJkLWM0Nzk3OTQ4YzQwYSJd",
        ),
        (r#"["a","no id"]"#, "title", "WyJhIiwibm8gaWQiXQ"),
        (
            r#"["01a20b2a-4c1d-72f6-bc2d-c4797948c40a"]"#,
            "newest",
            "WyIwMWEyMGIyYS00YzFkLTcyZjYtYmMyZC1jNDc5Nzk0OGM0MGEiXQ",
        ),
    ] {
        let answer = lyceum.anonymous().get(&format!("/v1/courses?sort={sort}&cursor={cursor}")).await;
        if answer.status != 200 {
            assert_eq!(answer.faults(), ["cursor invalid_cursor"], "{keys}");
        }
    }
}
