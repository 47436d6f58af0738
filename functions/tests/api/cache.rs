//! Cached public reads of the catalogue, with a real Redis.

use std::sync::Arc;

use serde_json::json;

use crate::harness::{Caller, CourseInProgress, Lyceum, RedisServer, needs_program};

async fn with(redis: &RedisServer) -> Arc<Lyceum> {
    let url = redis.url.clone();
    Lyceum::with(move |name| (name == "REDIS_URL").then(|| url.clone())).await
}

/// Creates a published course with two lessons. Returns the paths of all cached reads that show it.
async fn course_and_paths(admin: &Caller, instructor: &Caller) -> (CourseInProgress, Vec<String>) {
    let course = CourseInProgress::published(admin, instructor, 2).await;
    let shown = instructor.get(&course.path("")).await.ok();
    let (slug, category) = (shown["slug"].as_str().unwrap(), shown["category_id"].as_str().unwrap());
    let paths = [
        "/v1/courses?limit=5&sort=title".to_owned(),
        course.path(""),
        format!("/v1/courses/{slug}"),
        course.path("/outline"),
        "/v1/categories".to_owned(),
        format!("/v1/categories/{category}"),
    ];
    (course, paths.into())
}

#[tokio::test]
async fn a_repeated_read_is_answered_from_the_cache() {
    needs_program!("redis-server");
    let redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let (admin, instructor, anyone) = (lyceum.admin().await, lyceum.instructor().await, lyceum.anonymous());
    let (_, paths) = course_and_paths(&admin, &instructor).await;
    let mut first = Vec::new();
    for path in &paths {
        first.push(anyone.get(path).await.is(200));
    }
    // Changed without the API, so that only responses from the database contain it.
    for table in ["courses", "sections", "lessons"] {
        let behind = format!("UPDATE {table} SET title = 'Behind its back'");
        sqlx::query(sqlx::AssertSqlSafe(behind)).execute(&lyceum.database).await.unwrap();
    }
    sqlx::query("UPDATE categories SET name = 'Behind its back'").execute(&lyceum.database).await.unwrap();
    for (path, first) in paths.iter().zip(first) {
        let again = anyone.get(path).await.is(200);
        assert_eq!(again.text, first.text, "{path}");
        for header in ["etag", "content-type", "cache-control", "vary", "link"] {
            assert_eq!(again.header(header), first.header(header), "{header} of {path}");
        }
        let known = anyone.with_header("if-none-match", first.header("etag")).get(path).await;
        assert_eq!((known.status, known.text.as_str()), (304, ""), "{path}");
        let editor = instructor.get(path).await.is(200);
        assert!(editor.text.contains("Behind its back"), "signed-in callers read from the database: {path}");
    }
}

#[tokio::test]
async fn an_edit_is_seen_by_the_next_read() {
    needs_program!("redis-server");
    let redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let (admin, instructor, anyone) = (lyceum.admin().await, lyceum.instructor().await, lyceum.anonymous());
    let (course, paths) = course_and_paths(&admin, &instructor).await;
    let (section, lesson) = (&course.section, &course.lessons[0]);
    let lessons = [course.lessons[1].clone(), lesson.clone()];
    let [list, by_id, by_slug, outline, categories, category] = paths.as_slice() else { panic!("six paths") };
    for (caller, method, path, body, seen_in) in [
        (&instructor, "PATCH", course.path(""), json!({ "title": "Edited" }), vec![list, by_id, by_slug]),
        (&instructor, "POST", course.path("/sections"), json!({ "title": "New" }), vec![outline]),
        (&instructor, "PATCH", format!("/v1/sections/{section}"), json!({ "title": "Edited" }), vec![outline]),
        (&instructor, "PATCH", format!("/v1/lessons/{lesson}"), json!({ "title": "Edited" }), vec![outline]),
        (&instructor, "PUT", format!("/v1/sections/{section}/lessons/order"), json!(lessons), vec![outline]),
        (&instructor, "PATCH", format!("/v1/lessons/{lesson}"), json!({ "is_published": false }), vec![outline]),
        (&admin, "PATCH", category.clone(), json!({ "name": "Edited" }), vec![categories, category]),
        (&instructor, "POST", course.path("/archive"), json!({}), vec![list, by_id, by_slug, outline, categories]),
    ] {
        let mut before = Vec::new();
        for seen in &seen_in {
            before.push(anyone.get(seen).await.is(200).text);
        }
        caller.send(method, &path, Some(body)).await;
        lyceum.run_jobs().await; // folds the counts of categories
        for (seen, before) in seen_in.iter().zip(before) {
            assert_ne!(anyone.get(seen).await.text, before, "{method} {path} does not show in {seen}");
        }
    }
    anyone.get(by_id).await.problem(404, "not-found");
}

#[tokio::test]
async fn reads_and_edits_work_when_redis_fails() {
    needs_program!("redis-server");
    let mut redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let (admin, instructor, anyone) = (lyceum.admin().await, lyceum.instructor().await, lyceum.anonymous());
    let (course, paths) = course_and_paths(&admin, &instructor).await;
    for path in &paths {
        anyone.get(path).await.is(200);
    }
    redis.kill();
    for path in &paths {
        anyone.get(path).await.is(200);
    }
    course.change(json!({ "title": "Edited while it is away" })).await;
    for path in paths.iter().take(3) {
        let answer = anyone.get(path).await.is(200);
        assert!(answer.text.contains("Edited while it is away"), "{path}");
    }
}

#[tokio::test]
async fn entries_expire_after_a_minute() {
    needs_program!("redis-server");
    let redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let (admin, instructor, anyone) = (lyceum.admin().await, lyceum.instructor().await, lyceum.anonymous());
    let (_, paths) = course_and_paths(&admin, &instructor).await;
    for path in &paths {
        anyone.get(path).await.is(200);
    }
    let entries = redis.entries().await;
    assert_eq!(entries.len(), paths.len() + 1, "one entry per path, and the version");
    for (key, _, seconds) in entries {
        assert!(key == "{catalog}:version" || (1..=60).contains(&seconds), "{key} lives for {seconds} s");
    }
}

#[tokio::test]
async fn only_public_responses_are_cached() {
    needs_program!("redis-server");
    let redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let draft = CourseInProgress::draft(&admin, &instructor, 1).await;
    let private = CourseInProgress::published(&admin, &instructor, 1).await;
    private.enroll(&learner).await;
    let mut public = CourseInProgress::published(&admin, &instructor, 1).await;
    public.add_lesson(json!({ "title": "SECRET lesson", "is_published": false })).await;
    draft.change(json!({ "title": "SECRET draft" })).await;
    private.change(json!({ "title": "SECRET course", "visibility": "private" })).await;
    let everyone = [&lyceum.anonymous(), &learner, &instructor, &admin];
    let mut shown = 0;
    for course in [&draft, &private, &public] {
        for path in [course.path(""), course.path("/outline"), format!("/v1/lessons/{}", course.lessons[0])] {
            for caller in everyone {
                shown += usize::from(caller.get(&path).await.text.contains("SECRET"));
            }
        }
    }
    for path in ["/v1/courses", "/v1/courses?q=SECRET", "/v1/courses?status=draft", "/v1/me", "/v1/me/enrollments"] {
        for caller in everyone {
            shown += usize::from(caller.get(path).await.text.contains("SECRET"));
        }
    }
    assert!(shown >= 10, "the hidden texts were read by only {shown} requests");
    let entries = redis.entries().await;
    assert!(entries.len() > 3, "public responses are cached");
    for (key, value, _) in entries {
        assert!(!value.contains("SECRET"), "{key} holds {value}");
        assert!(!value.contains(&learner.id) && !value.contains("@school.test"), "{key} holds {value}");
    }
    // Cached responses are only for callers without a token; an invalid token is still refused.
    let path = public.path("");
    lyceum.anonymous().get(&path).await.ok();
    lyceum.anonymous().with_token("x").get(&path).await.problem(401, "unauthorized");
    lyceum.anonymous().with_header("authorization", "Basic abc").get(&path).await.problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_sees_their_own_write_during_concurrent_reads() {
    needs_program!("redis-server");
    let redis = RedisServer::start();
    let lyceum = with(&redis).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let reading = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let readers: Vec<_> = (0..64)
        .map(|_| {
            let (anyone, path, reading) = (lyceum.anonymous(), course.path(""), reading.clone());
            tokio::spawn(async move {
                while reading.load(std::sync::atomic::Ordering::Relaxed) {
                    anyone.get(&path).await.is(200);
                }
            })
        })
        .collect();
    for number in 0..20 {
        let title = format!("Edit {number}");
        course.change(json!({ "title": title })).await;
        let seen = lyceum.anonymous().get(&course.path("")).await.ok();
        assert_eq!(seen["title"], title);
    }
    reading.store(false, std::sync::atomic::Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}
