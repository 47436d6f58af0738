use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

async fn rename(lyceum: &Lyceum, learner: &Caller, first_name: &str, last_name: &str) {
    sqlx::query("UPDATE users SET first_name = $2, last_name = $3 WHERE id = $1::uuid")
        .bind(&learner.id)
        .bind(first_name)
        .bind(last_name)
        .execute(&lyceum.database)
        .await
        .unwrap();
}

async fn names(caller: &Caller, path: &str) -> Vec<String> {
    let page = caller.get(path).await.ok();
    page["data"].as_array().unwrap().iter().map(|one| one["user"]["first_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn staff_see_name_progress_and_last_access_newest_first() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let (first, second) = (lyceum.student().await, lyceum.student().await);
    for (learner, name) in [(&first, "Ada"), (&second, "Grace")] {
        rename(&lyceum, learner, name, "Of Old").await;
        lyceum.clock.advance(chrono::TimeDelta::seconds(1));
        course.enroll(learner).await;
    }
    course.complete(&first, 0).await;
    let page = instructor.get(&course.path("/enrollments")).await;
    assert!(!page.text.contains("school.test"), "no email: {}", page.text);
    let page = page.ok();
    assert_eq!(page["next_cursor"], Value::Null);
    let ada = &page["data"][1];
    assert_eq!(
        ada,
        &json!({
            "id": ada["id"], "user_id": first.id, "status": "active", "completion_percentage": "50.00",
            "user": { "id": first.id, "first_name": "Ada", "last_name": "Of Old", "profile_picture_url": null },
            "enrolled_at": "2026-11-23T19:56:01Z", "completed_at": null, "last_accessed_at": "2026-11-23T19:56:02Z",
        })
    );
    assert_eq!(names(&admin, "/v1/courses/a-course/enrollments").await, ["Grace", "Ada"], "by its slug, too");
}

#[tokio::test]
async fn each_filter_narrows_the_roster() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let other = CourseInProgress::published(&admin, &instructor, 1).await;
    let mut learners = Vec::new();
    for (first, last) in [("Ada", "Löwe"), ("Grace", "Hop_per"), ("Barbara", "100%")] {
        let learner = lyceum.student().await;
        rename(&lyceum, &learner, first, last).await;
        lyceum.clock.advance(chrono::TimeDelta::seconds(1));
        let enrollment = course.enroll(&learner).await;
        other.enroll(&learner).await;
        learners.push((learner, enrollment));
    }
    course.complete(&learners[0].0, 0).await;
    learners[1].0.delete(&format!("/v1/enrollments/{}", learners[1].1)).await.no_content();
    for (query, expected) in [
        ("", &["Barbara", "Grace", "Ada"][..]),
        ("status=active", &["Barbara"]),
        ("status=completed", &["Ada"]),
        ("status=dropped", &["Grace"]),
        ("q=ada%20l%C3%96w", &["Ada"]),
        ("q=R", &["Barbara", "Grace"]),
        ("q=_", &["Grace"]),
        ("q=%25", &["Barbara"]),
        ("q=%5C", &[]),
        ("q=r&status=dropped", &["Grace"]),
        ("q=school", &[]),
        ("q=student", &[]),
    ] {
        assert_eq!(names(&instructor, &course.path(&format!("/enrollments?{query}"))).await, expected, "{query}");
    }
    for (query, fault) in [
        ("status=lost", "status unknown_value"),
        ("cursor=x", "cursor invalid_cursor"),
        ("limit=101", "limit out_of_range"),
        ("q=%20", "q blank"),
        ("sort=name", "sort unknown_field"),
    ] {
        assert_eq!(instructor.get(&course.path(&format!("/enrollments?{query}"))).await.faults(), [fault]);
    }
}

#[tokio::test]
async fn learners_are_found_without_regard_to_case_accents_and_normal_forms() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    for (first, last) in [("İbrahim", "Işık"), ("ΓΙΩΡΓΟΣ", "Νίκου"), ("Jose\u{301}", "Muñoz"), ("Łukasz", "Wójcik")]
    {
        let learner = lyceum.student().await;
        rename(&lyceum, &learner, first, last).await;
        course.enroll(&learner).await;
    }
    for (query, expected) in [
        ("%C4%B0BRAH%C4%B0M", "İbrahim"),
        ("isik", "İbrahim"),
        ("%CE%B3%CE%B9%CF%8E%CF%81%CE%B3%CE%BF%CF%82", "ΓΙΩΡΓΟΣ"), // γιώργος
        ("jos%C3%A9%20munoz", "Jose\u{301}"),
        ("lukasz", "Łukasz"),
        ("W%C3%93JCIK", "Łukasz"),
    ] {
        for status in ["", "&status=active"] {
            let path = course.path(&format!("/enrollments?q={query}{status}"));
            assert_eq!(names(&instructor, &path).await, [expected], "{query}");
        }
    }
}

#[tokio::test]
async fn closed_accounts_are_hidden() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    rename(&lyceum, &learner, "Closed", "Account").await;
    course.enroll(&learner).await;
    sqlx::query("UPDATE users SET deleted_at = created_at WHERE id = $1::uuid")
        .bind(&learner.id)
        .execute(&lyceum.database)
        .await
        .unwrap();
    for path in ["/enrollments", "/enrollments?status=active", "/enrollments?q=closed"] {
        assert!(names(&instructor, &course.path(path)).await.is_empty(), "{path}");
    }
    let sheet = instructor.with_header("accept", "text/csv").get(&course.path("/enrollments")).await.is(200);
    assert!(!sheet.text.contains("Closed"));
}

#[tokio::test]
async fn the_roster_is_for_staff_and_who_may_read_any_enrolment() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    sqlx::query("INSERT INTO roles (name, permissions) VALUES ('registrar', '[\"enrollments:read:any\"]')")
        .execute(&lyceum.database)
        .await
        .unwrap();
    let registrar = lyceum.signed_in("registrar").await;
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("/enrollments");
    course.enroll(&learner).await;
    lyceum.anonymous().get(&path).await.problem(401, "unauthorized");
    for stranger in [&learner, &lyceum.instructor().await] {
        stranger.get(&path).await.problem(403, "forbidden");
    }
    course.change(json!({ "visibility": "private" })).await;
    lyceum.instructor().await.get(&path).await.problem(404, "not-found");
    learner.get(&path).await.problem(403, "forbidden");
    for reader in [&instructor, &admin, &registrar] {
        assert_eq!(names(reader, &path).await.len(), 1);
    }
    registrar.get("/v1/courses/nothing/enrollments").await.problem(404, "not-found");
    instructor.delete(&course.path("")).await.no_content();
    for reader in [&instructor, &registrar] {
        reader.get(&path).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn pages_of_the_roster_neither_repeat_nor_skip() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let mut expected = Vec::new();
    for number in 0..5 {
        let learner = lyceum.student().await;
        rename(&lyceum, &learner, &format!("Learner {number}"), "Of five").await;
        course.enroll(&learner).await; // all at one instant
        expected.push(format!("Learner {number}"));
    }
    expected.reverse();
    for filter in ["", "&status=active", "&q=five"] {
        let (mut path, mut met) = (course.path(&format!("/enrollments?limit=2{filter}")), Vec::new());
        loop {
            met.extend(names(&instructor, &path).await);
            let answer = instructor.get(&path).await;
            let link = answer.header("link").to_owned();
            let Some(next) = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")) else {
                break;
            };
            assert!(next.contains(answer.body["next_cursor"].as_str().unwrap()));
            path = next.to_owned();
        }
        assert_eq!(met, expected, "{filter}");
    }
}

#[tokio::test]
async fn as_csv_each_learner_is_a_line_in_which_nothing_runs() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let learner = lyceum.student().await;
    rename(&lyceum, &learner, "=HYPERLINK(\"http://evil.test\",\"x\")", "Löwe, \"the\" lion").await;
    let id = course.enroll(&learner).await;
    course.complete(&learner, 0).await;
    let path = course.path("/enrollments");
    let spreadsheet = instructor.with_header("accept", "text/csv;q=1, application/json;q=0.5");
    let answer = spreadsheet.get(&path).await.is(200);
    assert_eq!((answer.header("content-type"), answer.header("link")), ("text/csv; charset=utf-8", ""));
    let (time, user) = ("2026-11-23T19:56:00Z", &learner.id);
    let columns = "enrollment_id,user_id,first_name,last_name,status,completion_percentage,enrolled_at,completed_at,last_accessed_at";
    let columns: Vec<_> = columns.split(',').map(|name| format!("\"{name}\"")).collect();
    let line = format!(
        "\"{id}\",\"{user}\",\"'=HYPERLINK(\"\"http://evil.test\"\",\"\"x\"\")\",\"Löwe, \"\"the\"\" lion\",\"completed\",\"100.00\",\"{time}\",\"{time}\",\"{time}\""
    );
    assert_eq!(answer.text, format!("\u{feff}{}\r\n{line}\r\n", columns.join(",")));
    for (cell, shown) in [("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\ta", "'\ta"), ("\ra", "'\ra"), ("a=b", "a=b")]
    {
        rename(&lyceum, &learner, cell, "x").await;
        let answer = spreadsheet.get(&path).await.is(200);
        assert!(answer.text.contains(&format!("\"{shown}\"")), "{cell:?}: {}", answer.text);
    }
    for accept in ["application/json", "*/*", "text/csv;q=0.1, application/json", "text/html"] {
        let answer = instructor.with_header("accept", accept).get(&path).await.is(200);
        assert_eq!(answer.header("content-type"), "application/json", "{accept}");
    }
    lyceum.student().await.with_header("accept", "text/csv").get(&path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn csv_comes_in_pages_of_10_000_lines_or_fewer_where_more_would_not_fit() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    sqlx::query(
        "WITH learner AS (
           INSERT INTO users (email, username, password_hash, first_name, last_name, role_id)
           SELECT 'many' || n || '@school.test', 'many' || n, 'x', 'Many', n::text, r.id
           FROM generate_series(1, 10050) n, roles r WHERE r.name = 'student' RETURNING id)
         INSERT INTO enrollments (user_id, course_id) SELECT id, $1::uuid FROM learner",
    )
    .bind(&course.id)
    .execute(&lyceum.database)
    .await
    .unwrap();
    let spreadsheet = instructor.with_header("accept", "text/csv");
    for (set, pages) in [("last_name = last_name", 2), ("last_name = repeat('\"', 255)", 3)] {
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE users SET {set} WHERE first_name = 'Many'")))
            .execute(&lyceum.database)
            .await
            .unwrap();
        let (mut path, mut met, mut read) = (course.path("/enrollments"), std::collections::BTreeSet::new(), 0);
        loop {
            let answer = spreadsheet.get(&path).await.is(200);
            assert!(serde_json::to_string(&answer.text).unwrap().len() < 6_000_000, "it fits an answer");
            let names_columns = answer.text.contains("\"enrollment_id\"");
            let lines: Vec<_> = answer.text.lines().skip(usize::from(names_columns)).collect();
            assert!(lines.len() <= 10_000);
            met.extend(lines.iter().map(|line| line.split(',').next().unwrap().to_owned()));
            read += lines.len();
            let link = answer.header("link");
            let Some(next) = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")) else {
                break;
            };
            path = next.to_owned();
        }
        let least = read.div_ceil(10_000);
        assert_eq!((met.len(), read), (10_050, 10_050), "{set}");
        assert!(least <= pages);
    }
}

#[tokio::test]
async fn the_pages_of_a_csv_put_together_are_one_file() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    for name in ["José", "=1+1", "Ada"] {
        let learner = lyceum.student().await;
        rename(&lyceum, &learner, name, "Löwe").await;
        course.enroll(&learner).await;
    }
    let spreadsheet = instructor.with_header("accept", "text/csv");
    let whole = spreadsheet.get(&course.path("/enrollments")).await.is(200);
    assert!(whole.text.starts_with("\u{feff}\"enrollment_id\""), "Excel knows UTF-8 by its mark");
    assert_eq!((whole.text.matches("\r\n").count(), whole.text.matches('\n').count()), (4, 4), "rows end with CRLF");

    let (mut path, mut together, mut content_types) = (course.path("/enrollments?limit=1"), String::new(), Vec::new());
    loop {
        let page = spreadsheet.get(&path).await.is(200);
        together.push_str(&page.text);
        content_types.push(page.header("content-type").to_owned());
        let link = page.header("link");
        let Some(next) = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")) else { break };
        path = next.to_owned();
    }
    assert_eq!(together, whole.text);
    let later = "text/csv; charset=utf-8; header=absent";
    assert_eq!(content_types, ["text/csv; charset=utf-8", later, later]);
}

#[tokio::test]
async fn a_page_of_lines_may_be_longer_than_one_of_a_list() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    course.enroll(&learner).await;
    let sheet = instructor.with_header("accept", "text/csv");
    let answer = sheet.get(&course.path("/enrollments?limit=10000")).await.is(200);
    assert!(answer.header("content-disposition").starts_with("attachment"));
    let too_many = ["limit out_of_range"];
    assert_eq!(sheet.get(&course.path("/enrollments?limit=10001")).await.faults(), too_many);
    assert_eq!(instructor.get(&course.path("/enrollments?limit=101")).await.faults(), too_many);
    instructor.get(&course.path("/enrollments?limit=100")).await.ok();
}
