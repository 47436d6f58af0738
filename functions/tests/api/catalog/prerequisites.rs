use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

async fn courses<const N: usize>(admin: &Caller, instructor: &Caller) -> [CourseInProgress; N] {
    let mut courses = Vec::new();
    for _ in 0..N {
        courses.push(CourseInProgress::published(admin, instructor, 1).await);
    }
    courses.try_into().map_err(|_| "as many as were asked for").unwrap()
}

fn after(course: &CourseInProgress) -> Value {
    json!([{ "prerequisite_course_id": course.id }])
}

#[tokio::test]
async fn prerequisites_are_given_as_a_whole_and_guarded_by_the_courses_version() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let [first, second, course] = courses(&admin, &instructor).await;
    let path = course.path("/prerequisites");
    let wanted = json!([
        { "prerequisite_course_id": first.id },
        { "prerequisite_course_id": second.id, "min_completion_percentage": 50 },
    ]);
    let answer = instructor.put(&path, wanted.clone()).await;
    let tag = answer.header("etag").to_owned();
    let expected = json!([
        { "prerequisite_course_id": first.id, "min_completion_percentage": 100 },
        { "prerequisite_course_id": second.id, "min_completion_percentage": 50 },
    ]);
    assert_eq!(answer.ok()["data"], expected);
    let shown = lyceum.anonymous().get(&path).await;
    assert_eq!((shown.header("etag"), &shown.body["data"]), (tag.as_str(), &expected));
    assert_eq!(shown.header("cache-control"), "public, max-age=60, stale-while-revalidate=300");
    let whole = instructor.get(&course.path("")).await;
    assert_eq!((whole.header("etag"), &whole.body["prerequisites"]), (tag.as_str(), &json!([first.id, second.id])));

    assert_eq!(instructor.put(&path, wanted).await.header("etag"), tag, "the same call again changes nothing");
    let stale = instructor.with_header("if-match", "\"v1\"").put(&path, json!([])).await;
    assert_eq!(stale.problem(412, "precondition-failed")["current"], tag);
    let less = json!([{ "prerequisite_course_id": second.id, "min_completion_percentage": 60 }]);
    let changed = instructor.with_header("if-match", &tag).put(&path, less.clone()).await;
    assert_ne!(changed.header("etag"), tag, "a percentage is a change, too");
    assert_eq!(changed.ok()["data"], less);
    let rows = lyceum.audited("course.set_prerequisites").await;
    assert_eq!((rows.len(), &rows[1]["changes"]["prerequisites"]["to"]), (2, &less));
    assert_eq!(admin.put(&path, json!([])).await.ok()["data"], json!([]));
    assert_eq!(instructor.get(&course.path("")).await.ok()["prerequisites"], json!([]));
}

#[tokio::test]
async fn whoever_has_the_list_already_hears_of_a_course_in_it_that_is_deleted_or_restored() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let [first, course] = courses(&admin, &instructor).await;
    let path = course.path("/prerequisites");
    let whole = instructor.put(&path, after(&first)).await;
    let unless = |tag: &str| lyceum.anonymous().with_header("if-none-match", tag);

    instructor.delete(&first.path("")).await.no_content();
    let without = unless(whole.header("etag")).get(&path).await;
    assert_eq!((without.status, &without.body["data"]), (200, &json!([])));

    instructor.post(&first.path("/restore"), json!({})).await.ok();
    let again = unless(without.header("etag")).get(&path).await;
    assert_eq!((again.status, &again.body), (200, &whole.body));

    let stale = instructor.with_header("if-match", without.header("etag")).put(&path, json!([])).await;
    stale.problem(412, "precondition-failed");
    instructor.with_header("if-match", again.header("etag")).put(&path, json!([])).await.ok();
}

#[tokio::test]
async fn prerequisites_are_read_as_the_course_is_visible_and_written_by_its_staff() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let [first, course] = courses(&admin, &instructor).await;
    let path = course.path("/prerequisites");
    lyceum.anonymous().put(&path, after(&first)).await.problem(401, "unauthorized");
    student.put(&path, after(&first)).await.problem(403, "forbidden");
    student.get(&path).await.ok();
    course.change(json!({ "visibility": "private" })).await;
    student.get(&path).await.problem(404, "not-found");
    lyceum.anonymous().get(&path).await.problem(404, "not-found");
    student.put(&path, after(&first)).await.problem(404, "not-found");
    instructor.put(&path, after(&first)).await.ok();
    let slug = instructor.get(&course.path("")).await.ok()["slug"].as_str().unwrap().to_owned();
    assert_eq!(
        instructor.get(&format!("/v1/courses/{slug}/prerequisites")).await.ok()["data"].as_array().unwrap().len(),
        1
    );
    instructor.delete(&course.path("")).await.no_content();
    instructor.put(&path, after(&first)).await.problem(404, "not-found");
}

#[tokio::test]
async fn only_courses_that_the_caller_may_know_of_come_first() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, other) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let [course] = courses(&admin, &instructor).await;
    let [theirs, deleted] = courses(&admin, &other).await;
    other.delete(&deleted.path("")).await.no_content();
    let path = course.path("/prerequisites");
    let unknown = json!([
        { "prerequisite_course_id": deleted.id },
        { "prerequisite_course_id": theirs.id },
        { "prerequisite_course_id": theirs.id, "min_completion_percentage": 5 },
        { "prerequisite_course_id": "01a20b2a-4c1d-72f6-bc2d-c4797948c40a" },
    ]);
    assert_eq!(
        instructor.put(&path, unknown).await.faults(),
        [
            "/0/prerequisite_course_id unknown_course",
            "/2/prerequisite_course_id repeated",
            "/3/prerequisite_course_id unknown_course",
        ]
    );
    let bad = json!([{ "prerequisite_course_id": "x", "min_completion_percentage": 101 }, {}, 1]);
    assert_eq!(
        instructor.put(&path, bad).await.faults(),
        [
            "/0/min_completion_percentage out_of_range",
            "/0/prerequisite_course_id invalid_id",
            "/1/prerequisite_course_id required",
            "/2 wrong_type",
        ]
    );
    instructor.put(&path, after(&theirs)).await.ok();
    // What came first already may stay when it is withdrawn; nobody can name it anew.
    theirs.change(json!({ "visibility": "private" })).await;
    let kept = json!([{ "prerequisite_course_id": theirs.id, "min_completion_percentage": 10 }]);
    instructor.put(&path, kept).await.ok();
    instructor.put(&path, json!([])).await.ok();
    assert_eq!(instructor.put(&path, after(&theirs)).await.faults(), ["/0/prerequisite_course_id unknown_course"]);
    admin.put(&path, after(&theirs)).await.ok();
}

#[tokio::test]
async fn a_cycle_is_refused_naming_its_path() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, other) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let [one, two, three] = courses(&admin, &instructor).await;
    let [hidden] = courses(&admin, &other).await;
    one.change(json!({ "title": "One" })).await;
    let put = |course: &CourseInProgress, first: &CourseInProgress| {
        let (caller, path, body) = (instructor.clone(), course.path("/prerequisites"), after(first));
        async move { caller.put(&path, body).await }
    };
    let path = |problem: &Value| -> Vec<Value> {
        problem["path"].as_array().unwrap().iter().map(|course| course["id"].clone()).collect()
    };
    let problem = put(&one, &one).await.problem(409, "prerequisite-cycle");
    assert_eq!(path(&problem), [one.id.as_str(), &one.id]);
    put(&two, &one).await.ok();
    put(&three, &two).await.ok();
    let problem = put(&one, &three).await.problem(409, "prerequisite-cycle");
    assert_eq!(path(&problem), [one.id.as_str(), &three.id, &two.id, &one.id]);
    assert_eq!(problem["path"][0]["title"], "One");
    assert_eq!(instructor.get(&one.path("/prerequisites")).await.ok()["data"], json!([]), "nothing was changed");

    // A way through what the caller may not know of is refused as well, and tells no title.
    other.put(&hidden.path("/prerequisites"), after(&three)).await.ok();
    admin.put(&one.path("/prerequisites"), json!([])).await.ok();
    let problem = put(&one, &hidden).await.problem(409, "prerequisite-cycle");
    assert_eq!(path(&problem), [one.id.as_str(), &hidden.id, &three.id, &two.id, &one.id]);
    instructor.put(&two.path("/prerequisites"), json!([])).await.ok();
    put(&one, &hidden).await.ok();
    hidden.change(json!({ "visibility": "private", "title": "Secret" })).await;
    let answer = put(&three, &one).await;
    assert!(!answer.text.contains("Secret"), "{}", answer.text);
    assert_eq!(answer.problem(409, "prerequisite-cycle")["path"][2]["title"], Value::Null);
}

#[tokio::test]
async fn of_edits_at_once_that_would_close_a_cycle_together_one_is_refused() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let ring: [CourseInProgress; 4] = courses(&admin, &instructor).await;
    // Sixty-four callers, each of whom puts one of four steps of a ring.
    let calls: Vec<_> = (0..64)
        .map(|number: usize| {
            let (caller, path) = (instructor.clone(), ring[number % 4].path("/prerequisites"));
            let body = after(&ring[(number + 1) % 4]);
            tokio::spawn(async move { caller.put(&path, body).await.status })
        })
        .collect();
    let mut refused = 0;
    for call in calls {
        match call.await.unwrap() {
            200 => {}
            409 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!(refused, 16, "the step that came last, each time");
    assert_eq!(lyceum.count("SELECT count(*) FROM course_prerequisites").await, 3);
    assert_eq!(lyceum.audited("course.set_prerequisites").await.len(), 3);
}
