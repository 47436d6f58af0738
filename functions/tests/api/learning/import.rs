use serde_json::{Value, json};

use crate::harness::{Answer, Caller, CourseInProgress, Lyceum};

async fn import(caller: &Caller, course: &CourseInProgress, lines: &str) -> Answer {
    caller.send_raw("POST", &course.path("/enrollments/import"), "text/csv", Some(lines.as_bytes())).await
}

/// `line email result` of each line.
fn told(answer: Answer) -> Vec<String> {
    let answer = answer.ok();
    let line = |line: &Value| {
        format!("{} {} {}", line["line"], line["email"].as_str().unwrap(), line["result"].as_str().unwrap())
    };
    answer["data"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn each_line_is_told_what_became_of_it() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    course.change(json!({ "visibility": "private", "price": "49.00" })).await;
    let [new, there, dropped, suspended] =
        [lyceum.student().await, lyceum.student().await, lyceum.student().await, lyceum.student().await];
    for learner in [&there, &dropped] {
        instructor.post(&course.path("/enrollments"), json!({ "user_id": learner.id })).await.created();
    }
    course.complete(&dropped, 0).await;
    let enrollments = dropped.get("/v1/me/enrollments").await.ok();
    let id = enrollments["data"][0]["id"].as_str().unwrap();
    dropped.delete(&format!("/v1/enrollments/{id}")).await.no_content();
    sqlx::query("UPDATE users SET is_active = false WHERE email = $1")
        .bind(&suspended.email)
        .execute(&lyceum.database)
        .await
        .unwrap();
    let (a, b, c, d) = (&new.email, &there.email, &dropped.email, &suspended.email);
    let upper = a.to_uppercase();
    let lines = format!("{a}\n\n {b} ,extra,cells\r\n\"{c}\"\n{upper}\nno@body.test\n{d}\nno address\n");
    let answer = import(&instructor, &course, &lines).await;
    assert_eq!(
        told(answer.clone()),
        [
            format!("1 {a} enrolled"),
            format!("3 {b} already_enrolled"),
            format!("4 {c} resumed"),
            format!("5 {upper} repeated"),
            "6 no@body.test unknown_user".to_owned(),
            format!("7 {d} unknown_user"),
            "8 no address invalid_email".to_owned(),
        ]
    );
    assert_eq!(
        (&answer.body["data"][2]["enrollment_id"], &answer.body["data"][5]["enrollment_id"]),
        (&json!(id), &Value::Null)
    );
    let seen = dropped.get(&format!("/v1/enrollments/{id}")).await.ok();
    assert_eq!((&seen["status"], &seen["completion_percentage"]), (&json!("active"), &json!("50.00")));

    let created = lyceum.audited("enrollment.create").await;
    let created = created.last().unwrap();
    assert_eq!((&created["user_id"], &created["changes"]["user_id"]["to"]), (&json!(instructor.id), &json!(new.id)));
    assert_eq!(created["resource_id"], answer.body["data"][0]["enrollment_id"]);
    let resumed = &lyceum.audited("enrollment.resume").await[0];
    assert_eq!((&resumed["resource_id"], &resumed["changes"]["status"]["to"]), (&json!(id), &json!("active")));

    let rows = lyceum.count("SELECT count(*) FROM audit_logs").await;
    let again = told(import(&instructor, &course, &lines).await);
    assert!(again[..3].iter().all(|line| line.ends_with("already_enrolled")), "{again:?}");
    assert_eq!(lyceum.count("SELECT count(*) FROM audit_logs").await, rows, "again, it changes nothing");
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, 3);
}

#[tokio::test]
async fn a_first_line_may_name_the_columns() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let lines = format!("\u{feff}Name,Email\nLöwe,{}\nNobody\n", learner.email);
    let answer = told(import(&instructor, &course, &lines).await);
    assert_eq!(answer, [format!("2 {} enrolled", learner.email), "3  invalid_email".to_owned()]);
    assert_eq!(told(import(&instructor, &course, "email\n").await), Vec::<String>::new());
}

#[tokio::test]
async fn only_staff_import_and_only_into_what_is_published() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    import(&lyceum.anonymous(), &course, &learner.email).await.problem(401, "unauthorized");
    import(&learner, &course, &learner.email).await.problem(404, "not-found");
    import(&instructor, &course, &learner.email).await.problem(409, "not-enrollable");
    instructor.post(&course.path("/publish"), json!({})).await.ok();
    for stranger in [&learner, &lyceum.instructor().await] {
        import(stranger, &course, &learner.email).await.problem(403, "forbidden");
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM enrollments").await, 0);
    assert_eq!(told(import(&admin, &course, &learner.email).await).len(), 1);
}

#[tokio::test]
async fn what_is_no_list_of_lines_is_refused() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("/enrollments/import");
    let send = |content_type: &'static str, body: Vec<u8>| {
        let (instructor, path) = (instructor.clone(), path.clone());
        async move { instructor.send_raw("POST", &path, content_type, Some(&body)).await }
    };
    send("application/json", b"[]".to_vec()).await.problem(415, "unsupported-media-type");
    send("text/csv; charset=utf-8", b"a@b.test".to_vec()).await.ok();
    assert_eq!(send("text/csv", vec![0xff, 0xfe]).await.faults(), [" invalid_text"]);
    assert_eq!(send("text/csv", b"a\0b".to_vec()).await.faults(), [" invalid_text"]);
    assert_eq!(send("text/csv", Vec::new()).await.faults(), [" required"]);
    assert_eq!(send("text/csv", "a@b.test\n".repeat(5001).into_bytes()).await.faults(), [" too_many_lines"]);
    send("text/csv", "a@b.test\n".repeat(5000).into_bytes()).await.ok();
    send("text/csv", vec![b'a'; 1024 * 1024 + 1]).await.problem(413, "body-too-large");
}

#[tokio::test]
async fn thousands_are_enrolled_by_one_call_each_with_its_row_in_the_log() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    sqlx::query(
        "INSERT INTO users (email, username, password_hash, first_name, last_name, role_id, is_email_verified)
         SELECT 'many' || n || '@school.test', 'many' || n, 'x', 'Many', 'Of', r.id, true
         FROM generate_series(1, 3000) n, roles r WHERE r.name = 'student'",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    let lines: Vec<_> = (1..=3000).map(|number| format!("many{number}@school.test")).collect();
    let answer = told(import(&instructor, &course, &lines.join("\n")).await);
    assert!(answer.len() == 3000 && answer.iter().all(|line| line.ends_with(" enrolled")));
    assert_eq!(lyceum.audited("enrollment.create").await.len(), 3000);
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_list_by_64_at_once_enrols_each_once() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let mut emails = Vec::new();
    for _ in 0..16 {
        emails.push(lyceum.student().await.email);
    }
    let imports: Vec<_> = (0..64)
        .map(|number| {
            let (instructor, course, mut emails) = (instructor.clone(), course.clone(), emails.clone());
            emails.rotate_left(number % 16);
            tokio::spawn(async move {
                loop {
                    let answer = import(&instructor, &course, &emails.join("\n")).await;
                    if answer.status != 503 {
                        return told(answer); // whoever waited for too long changed nothing
                    }
                }
            })
        })
        .collect();
    let mut enrolled = 0;
    for one in imports {
        enrolled += one.await.unwrap().iter().filter(|line| line.ends_with(" enrolled")).count();
    }
    assert_eq!((enrolled, lyceum.count("SELECT count(*) FROM enrollments").await), (16, 16));
    assert_eq!(lyceum.audited("enrollment.create").await.len(), 16);
}
