use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

async fn category(admin: &Caller) -> Value {
    admin.post("/v1/categories", json!({ "name": "Anything" })).await.created()["id"].clone()
}

#[tokio::test]
async fn an_instructor_creates_a_draft_with_everything_in_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = category(&admin).await;
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let body = json!({
        "title": "Größe & Maß", "description": "d", "category_id": category, "content": "c", "visibility": "restricted",
        "is_featured": true, "difficulty_level": "advanced", "language": "de", "price": "49.5", "required_score": 80,
        "allow_retake": false, "max_attempts": 3, "estimated_hours": "12", "tags": ["b", "a", "b"],
        "prerequisites": [{ "prerequisite_course_id": first.id }], "meta_description": "m", "meta_keywords": "k",
    });
    let answer = instructor.post("/v1/courses", body).await;
    let version = answer.header("etag").to_owned();
    let course = answer.created();
    assert_eq!(version, format!("\"v{}\"", course["version"]));
    assert_eq!((course["status"].as_str(), course["slug"].as_str()), (Some("draft"), Some("grosse-mass")));
    assert_eq!((course["price"].as_str(), course["estimated_hours"].as_str()), (Some("49.50"), Some("12.00")));
    assert_eq!((&course["tags"], &course["prerequisites"]), (&json!(["a", "b"]), &json!([first.id])));
    assert_eq!(course["instructor_id"], instructor.id);
    assert_eq!(course["instructor"]["last_name"], "Instructor");
    assert!(!course.to_string().contains('@'), "the instructor's email is nobody's business: {course}");
    let created = lyceum.audited("course.create").await;
    assert_eq!(created[1]["changes"]["price"], json!({ "from": null, "to": "49.50" }));
}

#[tokio::test]
async fn bad_input_is_told_all_at_once() {
    let lyceum = Lyceum::new().await;
    let instructor = lyceum.instructor().await;
    let body = json!({
        "title": "", "category_id": "x", "price": 49, "status": "published", "instructor_id": "x", "language": "german",
        "max_attempts": 0, "tags": ["", 1], "estimated_hours": "1.234", "slug": "01a20b2a-4c1d-72f6-bc2d-c4797948c40a",
    });
    let mut faults = instructor.post("/v1/courses", body).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/category_id invalid_id",
            "/description required",
            "/estimated_hours invalid_amount",
            "/instructor_id unknown_field",
            "/language invalid_language",
            "/max_attempts out_of_range",
            "/price wrong_type",
            "/slug invalid_slug",
            "/status unknown_field",
            "/tags/0 blank",
            "/tags/1 wrong_type",
            "/title blank",
        ]
    );
    let unknown = "01a20b2a-4c1d-72f6-bc2d-c4797948c40a";
    let body = json!({ "title": "t", "description": "d", "category_id": unknown });
    assert_eq!(instructor.post("/v1/courses", body).await.faults(), ["/category_id unknown_category"]);
}

#[tokio::test]
async fn only_who_may_creates_courses() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().post("/v1/courses", json!({})).await.problem(401, "unauthorized");
    lyceum.student().await.post("/v1/courses", json!({})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn slugs_are_made_unique_and_a_given_one_that_is_taken_is_409() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = category(&admin).await;
    let body =
        |slug: Option<&str>| json!({ "title": "Same", "description": "d", "category_id": category, "slug": slug });
    let first = instructor.post("/v1/courses", body(None)).await.created();
    let second = instructor.post("/v1/courses", body(None)).await.created();
    assert_eq!(first["slug"], "same");
    assert!(second["slug"].as_str().unwrap().starts_with("same-"));
    instructor.post("/v1/courses", body(Some("same"))).await.problem(409, "slug-taken");
    assert_eq!(instructor.get("/v1/courses/same").await.ok()["id"], first["id"]);

    let path = format!("/v1/courses/{}", first["id"].as_str().unwrap());
    instructor.delete(&path).await.no_content();
    instructor.get(&path).await.problem(404, "not-found");
    let third = instructor.post("/v1/courses", body(Some("same"))).await.created();
    assert_eq!(third["slug"], "same");
    instructor.post(&format!("{path}/restore"), json!({})).await.problem(409, "slug-taken");
    let restored = instructor.post(&format!("{path}/restore"), json!({ "slug": "same-again" })).await.ok();
    assert_eq!((restored["id"].clone(), restored["slug"].as_str()), (first["id"].clone(), Some("same-again")));
    instructor.post(&format!("{path}/restore"), json!({})).await.problem(409, "course-not-deleted");
}

#[tokio::test]
async fn of_sixty_four_courses_at_once_with_one_slug_one_is_made_and_with_one_title_all() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = category(&admin).await;
    for (slug, made) in [(Some("wanted"), 1), (None, 64)] {
        let calls: Vec<_> = (0..64)
            .map(|_| {
                let body = json!({ "title": "Same", "description": "d", "category_id": category, "slug": slug });
                let instructor = instructor.clone();
                tokio::spawn(async move { instructor.post("/v1/courses", body).await.status })
            })
            .collect();
        let mut created = 0;
        for call in calls {
            match call.await.unwrap() {
                201 => created += 1,
                409 => {}
                status => panic!("{status}"),
            }
        }
        assert_eq!(created, made, "{slug:?}");
    }
}

#[tokio::test]
async fn the_etag_is_the_version_which_only_changes_raise() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let path = course.path("");
    let get = || instructor.get(&path);
    assert_eq!(get().await.header("etag"), "\"v1\"");
    course.change(json!({ "title": "A course" })).await;
    assert_eq!(get().await.header("etag"), "\"v1\"", "nothing was changed");
    assert!(lyceum.audited("course.update").await.is_empty());
    course.change(json!({ "title": "Another", "content": "c" })).await;
    assert_eq!(get().await.header("etag"), "\"v2\"");
    assert_eq!(course.change(json!({ "content": null })).await["content"], Value::Null);
    assert_eq!(
        lyceum.audited("course.update").await[0]["changes"]["title"],
        json!({ "from": "A course", "to": "Another" })
    );

    for known in ["\"v3\"", "W/\"v3\"", "\"x\", \"v3\"", "*"] {
        let answer = instructor.with_header("if-none-match", known).get(&course.path("")).await.is(304);
        assert_eq!((answer.text.as_str(), answer.header("etag")), ("", "\"v3\""));
    }
    let stale = instructor.with_header("if-match", "\"v2\"");
    let problem = stale.patch(&course.path(""), json!({ "title": "x" })).await.problem(412, "precondition-failed");
    assert_eq!(problem["current"], "\"v3\"");
    stale.delete(&course.path("")).await.problem(412, "precondition-failed");
    instructor.with_header("if-match", "W/\"v3\"").patch(&course.path(""), json!({ "title": "x" })).await.ok();

    sqlx::query("UPDATE users SET first_name = 'New' WHERE id = $1::uuid")
        .bind(&instructor.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    let answer = get().await;
    assert_eq!((answer.header("etag"), answer.body["instructor"]["first_name"].as_str()), ("\"v4-1\"", Some("New")));
}

#[tokio::test]
async fn what_must_be_there_can_be_changed_and_not_cleared() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let body = json!({ "title": null, "price": null, "category_id": null, "tags": ["x"] });
    let mut faults = instructor.patch(&course.path(""), body).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        ["/category_id not_clearable", "/price not_clearable", "/tags unknown_field", "/title not_clearable"]
    );
}

#[tokio::test]
async fn a_price_is_a_string_with_two_places() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    for (given, shown) in [("49", "49.00"), ("0.5", "0.50"), ("99999999.99", "99999999.99"), ("0", "0.00")] {
        assert_eq!(course.change(json!({ "price": given })).await["price"], shown);
    }
    let version = instructor.get(&course.path("")).await.header("etag").to_owned();
    course.change(json!({ "price": "0.00" })).await;
    assert_eq!(instructor.get(&course.path("")).await.header("etag"), version, "0 and 0.00 are the same price");
    for price in ["-1", "+1", "1.234", "100000000", "1,50", "1e2", "", " 1", ".5", "5.", "NaN", "١"] {
        let faults = instructor.patch(&course.path(""), json!({ "price": price })).await.faults();
        assert_eq!(faults, ["/price invalid_amount"], "{price}");
    }
    for price in [json!(49), json!(49.5), json!(true), json!(["49"])] {
        assert_eq!(instructor.patch(&course.path(""), json!({ "price": price })).await.faults(), ["/price wrong_type"]);
    }
    assert_eq!(course.change(json!({ "estimated_hours": "1.5" })).await["estimated_hours"], "1.50");
    assert_eq!(course.change(json!({ "estimated_hours": null })).await["estimated_hours"], Value::Null);
}

#[tokio::test]
async fn a_slug_never_looks_like_an_id() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let category = category(&admin).await;
    let id = "01a20b2a-4c1d-72f6-bc2d-c4797948c40a";
    let body = json!({ "title": id, "description": "d", "category_id": category });
    let course = instructor.post("/v1/courses", body).await.created();
    assert_eq!(course["slug"], format!("course-{id}"));
    let path = format!("/v1/courses/{}", course["id"].as_str().unwrap());
    for slug in [id, &id.replace('-', ""), "facets", "a--b", "-a", "a-", "A", "ä", "", &"a".repeat(256)] {
        assert_eq!(instructor.patch(&path, json!({ "slug": slug })).await.faults(), ["/slug invalid_slug"], "{slug}");
    }
    instructor.patch(&path, json!({ "slug": "a".repeat(255) })).await.ok();
    assert_eq!(instructor.get(&format!("/v1/courses/{}", "a".repeat(255))).await.ok()["id"], course["id"]);
    for nothing in [&format!("course-{id}"), id, "none", "%00", "%ff", "a%2Fb"] {
        instructor.get(&format!("/v1/courses/{nothing}")).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_slug_is_changed_to_a_free_one() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let second = CourseInProgress::draft(&admin, &lyceum.instructor().await, 0).await;
    first.change(json!({ "slug": "mine" })).await;
    let taken = second.instructor.patch(&second.path(""), json!({ "slug": "mine", "title": "x" })).await;
    taken.problem(409, "slug-taken");
    assert_eq!(second.instructor.get(&second.path("")).await.ok()["title"], "A course", "all or nothing");
    first.change(json!({ "slug": "other" })).await;
    assert_eq!(second.change(json!({ "slug": "mine" })).await["slug"], "mine");
}

#[tokio::test]
async fn prerequisites_are_courses_that_the_caller_may_know_of() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, other) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let category = category(&admin).await;
    let draft = CourseInProgress::draft(&admin, &other, 1).await;
    let private = CourseInProgress::published(&admin, &other, 1).await;
    private.change(json!({ "visibility": "private" })).await;
    let archived = CourseInProgress::published(&admin, &other, 1).await;
    other.post(&archived.path("/archive"), json!({})).await.ok();
    let deleted = CourseInProgress::published(&admin, &other, 1).await;
    other.delete(&deleted.path("")).await.no_content();
    let own = CourseInProgress::draft(&admin, &instructor, 0).await;
    let named: Vec<_> = [&own, &draft, &private, &archived, &deleted]
        .iter()
        .map(|course| json!({ "prerequisite_course_id": course.id, "min_completion_percentage": 50 }))
        .collect();
    let body = |courses: &[Value]| json!({ "title": "t", "description": "d", "category_id": category, "prerequisites": courses });
    assert_eq!(
        instructor.post("/v1/courses", body(&named)).await.faults(),
        [1, 2, 3, 4].map(|index| format!("/prerequisites/{index}/prerequisite_course_id unknown_course"))
    );
    assert_eq!(instructor.post("/v1/courses", body(&named[..1])).await.created()["prerequisites"], json!([own.id]));
    let mut faults = instructor
        .post("/v1/courses", body(&[json!({ "min_completion_percentage": 101, "title": "t" }), json!(own.id)]))
        .await
        .faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/prerequisites/0/min_completion_percentage out_of_range",
            "/prerequisites/0/prerequisite_course_id required",
            "/prerequisites/0/title unknown_field",
            "/prerequisites/1 wrong_type",
        ]
    );
}

#[tokio::test]
async fn the_log_names_personal_fields_only() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    CourseInProgress::draft(&admin, &instructor, 0).await;
    let created = &lyceum.audited("course.create").await[0];
    assert_eq!(created["changes"]["instructor_id"]["to"], instructor.id);
    assert!(!created["changes"].to_string().contains("\"Instructor\""), "a name would outlive its erasure: {created}");
}

#[tokio::test]
async fn caches_may_keep_what_anyone_sees_and_nothing_else() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    for path in [course.path(""), course.path("/outline")] {
        let anonymous = lyceum.anonymous().get(&path).await.is(200);
        assert_eq!(anonymous.header("cache-control"), "public, max-age=60, stale-while-revalidate=300");
        assert_eq!(anonymous.header("vary"), "Authorization");
        let tag = anonymous.header("etag").to_owned();
        let known = lyceum.anonymous().with_header("if-none-match", &tag).get(&path).await.is(304);
        assert_eq!(
            (known.header("etag"), known.header("cache-control")),
            (tag.as_str(), anonymous.header("cache-control"))
        );
        assert_eq!(student.get(&path).await.is(200).header("cache-control"), "no-store");
    }
    course.change(json!({ "visibility": "private" })).await;
    assert_eq!(lyceum.anonymous().get(&course.path("")).await.is(404).header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_merge_patch_may_say_so_and_an_unknown_category_is_told() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let patch = |body: &'static str| {
        let (instructor, path) = (instructor.clone(), course.path(""));
        async move { instructor.send_raw("PATCH", &path, "application/merge-patch+json", Some(body.as_bytes())).await }
    };
    let changed = patch(r#"{"title": "  <b>As given</b> ", "max_attempts": 3}"#).await.ok();
    assert_eq!((&changed["title"], &changed["max_attempts"]), (&json!("  <b>As given</b> "), &json!(3)));
    assert_eq!(patch(r#"{"max_attempts": null}"#).await.ok()["max_attempts"], Value::Null);
    let faults = patch(r#"{"category_id": "01a20b2a-4c1d-72f6-bc2d-c4797948c40a"}"#).await.faults();
    assert_eq!(faults, ["/category_id unknown_category"]);
    assert_eq!(patch(r#"{"title": "a\u0000b"}"#).await.faults(), ["/title invalid_text"]);
    assert_eq!(patch("[]").await.faults(), [" wrong_type"]);
    let other = instructor.send_raw("PATCH", &course.path(""), "text/plain", Some(b"{}")).await;
    other.problem(415, "unsupported-media-type");
}
