use serde_json::json;

use crate::harness::{CourseInProgress, Lyceum};

#[tokio::test]
async fn administrators_write_categories_and_anyone_reads_them() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let category = admin.post("/v1/categories", json!({ "name": "Natural sciences" })).await.created();
    assert_eq!((category["slug"].as_str(), category["course_count"].as_i64()), (Some("natural-sciences"), Some(0)));
    let path = format!("/v1/categories/{}", category["id"].as_str().unwrap());
    let changed = admin.patch(&path, json!({ "name": "Sciences", "description": "All of them" })).await.ok();
    assert_eq!((changed["name"].as_str(), changed["slug"].as_str()), (Some("Sciences"), Some("natural-sciences")));
    admin.patch(&path, json!({ "description": null })).await.ok();
    let answer = lyceum.anonymous().get(&path).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=60, stale-while-revalidate=300");
    assert_eq!(answer.ok()["description"], json!(null));
    admin.delete(&path).await.no_content();
    lyceum.anonymous().get(&path).await.problem(404, "not-found");
    for (action, rows) in [("category.create", 1), ("category.update", 2), ("category.delete", 1)] {
        assert_eq!(lyceum.audited(action).await.len(), rows, "{action}");
    }
}

#[tokio::test]
async fn nobody_else_writes_them() {
    let lyceum = Lyceum::new().await;
    let body = json!({ "name": "x" });
    lyceum.anonymous().post("/v1/categories", body.clone()).await.problem(401, "unauthorized");
    lyceum.student().await.post("/v1/categories", body.clone()).await.problem(403, "forbidden");
    lyceum.instructor().await.put("/v1/categories/order", json!([])).await.problem(403, "forbidden");
}

#[tokio::test]
async fn names_and_slugs_are_unique_and_bad_input_is_told() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    admin.post("/v1/categories", json!({ "name": "Art", "slug": "art" })).await.created();
    admin.post("/v1/categories", json!({ "name": "Art", "slug": "art-2" })).await.problem(409, "name-taken");
    admin.post("/v1/categories", json!({ "name": "Arts", "slug": "art" })).await.problem(409, "slug-taken");
    let body = json!({ "slug": "No Slug", "icon_url": "javascript:1", "display_order": "1" });
    let mut faults = admin.post("/v1/categories", body).await.faults();
    faults.sort();
    assert_eq!(faults, ["/display_order wrong_type", "/icon_url invalid_url", "/name required", "/slug invalid_slug"]);
    let id = "01a20b2a-4c1d-72f6-bc2d-c4797948c40a";
    admin.patch(&format!("/v1/categories/{id}"), json!({})).await.problem(404, "not-found");
    admin.patch("/v1/categories/no-id", json!({})).await.problem(404, "not-found");
}

#[tokio::test]
async fn an_order_names_every_category_once() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        ids.push(admin.post("/v1/categories", json!({ "name": name })).await.created()["id"].clone());
    }
    let reversed = json!([ids[2], ids[1], ids[0]]);
    let ordered = admin.put("/v1/categories/order", reversed).await.ok();
    let names: Vec<_> = ordered["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Three", "Two", "One"]);
    let stranger = json!("01a20b2a-4c1d-72f6-bc2d-c4797948c40a");
    let problem =
        admin.put("/v1/categories/order", json!([ids[0], ids[0], stranger])).await.problem(409, "incomplete-order");
    assert_eq!(problem["repeated"], json!([ids[0]]));
    assert_eq!(problem["unknown"], json!([stranger]));
    assert_eq!(problem["missing"].as_array().unwrap().len(), 2);
    assert_eq!(admin.put("/v1/categories/order", json!({})).await.faults(), [" wrong_type"]);
}

#[tokio::test]
async fn pages_follow_the_order_without_repeats() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for number in 0..5 {
        admin.post("/v1/categories", json!({ "name": format!("Category {number}") })).await.created();
    }
    let (mut path, mut names) = ("/v1/categories?limit=2".to_owned(), Vec::new());
    loop {
        let answer = lyceum.anonymous().get(&path).await;
        let link = answer.header("link").to_owned();
        let page = answer.ok();
        names.extend(page["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/categories?limit=2&cursor={cursor}");
        assert_eq!(link, format!("<{path}>; rel=\"next\""));
    }
    assert_eq!(names, ["Category 0", "Category 1", "Category 2", "Category 3", "Category 4"]);
}

#[tokio::test]
async fn a_category_counts_its_listed_courses_and_stays_while_it_has_any() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    lyceum.run_jobs().await;
    let category = lyceum.anonymous().get("/v1/categories").await.ok()["data"][0].clone();
    assert_eq!(category["course_count"], 1);
    let path = format!("/v1/categories/{}", category["id"].as_str().unwrap());
    admin.delete(&path).await.problem(409, "category-in-use");
    let count = || async {
        lyceum.run_jobs().await;
        lyceum.anonymous().get(&path).await.ok()["course_count"].clone()
    };
    course.change(json!({ "visibility": "private" })).await;
    assert_eq!(count().await, 0);
    course.change(json!({ "visibility": "restricted" })).await;
    assert_eq!(count().await, 1);
    instructor.post(&course.path("/archive"), json!({})).await.ok();
    assert_eq!(count().await, 0);
    instructor.post(&course.path("/publish"), json!({})).await.ok();
    let other = admin.post("/v1/categories", json!({ "name": "Other" })).await.created();
    course.change(json!({ "category_id": other["id"] })).await;
    lyceum.run_jobs().await;
    let page = lyceum.anonymous().get("/v1/categories").await.ok();
    assert_eq!((&page["data"][0]["course_count"], &page["data"][1]["course_count"]), (&json!(0), &json!(1)));
    course.change(json!({ "category_id": category["id"], "title": "Back" })).await;
    assert_eq!(count().await, 1);
    instructor.delete(&course.path("")).await.no_content();
    admin.delete(&path).await.problem(409, "category-in-use"); // the course may be restored
    assert_eq!(count().await, 0);
    // What a load brings in is counted as well.
    sqlx::query(
        "INSERT INTO courses (title, slug, description, instructor_id, category_id, status, created_by, updated_by)
         SELECT 'c', 'many-' || n, 'd', instructor_id, category_id, CASE WHEN n > 7 THEN 'draft' ELSE 'published' END,
           created_by, updated_by FROM courses, generate_series(1, 9) AS n",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    assert_eq!(count().await, 7);
}

#[tokio::test]
async fn each_write_takes_the_permission() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = admin.post("/v1/categories", json!({ "name": "c" })).await.created();
    let path = format!("/v1/categories/{}", category["id"].as_str().unwrap());
    for (method, path) in
        [("POST", "/v1/categories"), ("PUT", "/v1/categories/order"), ("PATCH", path.as_str()), ("DELETE", &path)]
    {
        let anonymous = lyceum.anonymous().send(method, path, Some(json!({}))).await;
        assert_eq!(anonymous.header("www-authenticate"), "Bearer");
        anonymous.problem(401, "unauthorized");
        for caller in [&instructor, &lyceum.student().await] {
            caller.send(method, path, Some(json!({}))).await.problem(403, "forbidden");
        }
    }
    assert_eq!(lyceum.audited("request.refuse").await.len(), 8);
    assert_eq!(instructor.get(&path).await.ok(), category);
}

#[tokio::test]
async fn the_same_call_again_changes_nothing_and_is_not_logged() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let category = admin.post("/v1/categories", json!({ "name": "c", "description": "d" })).await.created();
    let path = format!("/v1/categories/{}", category["id"].as_str().unwrap());
    assert_eq!(admin.patch(&path, json!({ "name": "c", "description": "d" })).await.ok(), category);
    assert_eq!(admin.patch(&path, json!({})).await.ok(), category);
    admin.put("/v1/categories/order", json!([category["id"]])).await.ok();
    assert!(lyceum.audited("category.update").await.is_empty() && lyceum.audited("category.order").await.is_empty());
    admin.post("/v1/categories", json!({ "name": "c" })).await.problem(409, "name-taken");
    admin.delete(&path).await.no_content();
    admin.delete(&path).await.problem(404, "not-found");
    admin.post("/v1/categories", json!({ "name": "c" })).await.created();
}

#[tokio::test]
async fn what_a_category_needs_can_not_be_cleared_and_what_is_too_long_is_told() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for name in ["a", "b"] {
        admin.post("/v1/categories", json!({ "name": name })).await.created();
    }
    let list = lyceum.anonymous().get("/v1/categories").await.ok();
    let path = format!("/v1/categories/{}", list["data"][1]["id"].as_str().unwrap());
    let body = json!({ "name": null, "slug": null, "display_order": null, "description": null, "icon_url": null });
    let mut faults = admin.patch(&path, body).await.faults();
    faults.sort();
    assert_eq!(faults, ["/display_order not_clearable", "/name not_clearable", "/slug not_clearable"]);
    admin.patch(&path, json!({ "name": "a" })).await.problem(409, "name-taken");
    admin.patch(&path, json!({ "slug": "a" })).await.problem(409, "slug-taken");
    assert_eq!(admin.patch(&path, json!({ "name": "x".repeat(256) })).await.faults(), ["/name too_long"]);
    let icon = |length: usize| json!({ "icon_url": format!("https://a.test/{}", "x".repeat(length - 15)) });
    admin.patch(&path, icon(255)).await.ok();
    let too_long = admin.patch(&path, icon(256)).await.problem(422, "invalid");
    assert_eq!(too_long["errors"][0]["pointer"], "/icon_url", "the column has 255 characters");
}
