use serde_json::{Value, json};

use crate::harness::{CourseInProgress, Lyceum};

/// What in the value is not as the schema of the document says, as `place: reason`.
fn mismatches(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).expect("a schema");
        return mismatches(document, schema, value, place);
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(options) = schema[several].as_array() {
            let fits = options.iter().any(|option| mismatches(document, option, value, place).is_empty());
            return if fits { vec![] } else { vec![format!("{place}: {value} is none of {options:?}")] };
        }
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let of_type = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        one => one == kind,
    };
    if !of_type {
        return vec![format!("{place}: {value} is no {}", schema["type"])];
    }
    let mut found = Vec::new();
    if let (Some(object), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, value) in object {
            match properties.get(name) {
                Some(schema) => found.extend(mismatches(document, schema, value, &format!("{place}/{name}"))),
                None => found.push(format!("{place}/{name}: the schema has no such field")),
            }
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing = required.filter(|name| !object.contains_key(*name));
        found.extend(missing.map(|name| format!("{place}/{name}: missing")));
    }
    if let Some(items) = value.as_array() {
        let each = items.iter().enumerate();
        found.extend(
            each.flat_map(|(index, item)| mismatches(document, &schema["items"], item, &format!("{place}/{index}"))),
        );
    }
    found
}

#[tokio::test]
async fn it_holds_everything_about_the_caller_as_its_schema_says() {
    let lyceum = Lyceum::new().await;
    let (admin, teacher) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::published(&admin, &teacher, 2).await;
    let learner = lyceum.instructor().await.at("2001:db8::7").again().await;
    learner.patch("/v1/me", json!({ "bio": "Reads." })).await.ok();
    let own = CourseInProgress::draft(&admin, &learner, 0).await;
    let deleted = CourseInProgress::draft(&admin, &learner, 0).await;
    learner.delete(&deleted.path("")).await.no_content();
    let enrollment = course.enroll(&learner).await;
    let notes = json!({ "notes": "My own words.", "time_spent_minutes": 7 });
    learner.put(&format!("/v1/lessons/{}/completion", course.lessons[0]), notes).await.ok();
    let email = json!({ "email": "new@school.test", "password": crate::harness::PASSWORD });
    learner.put("/v1/me/email", email).await.is(202);
    learner.get("/v1/users").await.is(403);

    let answer = learner.get("/v1/me/export").await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"lyceum-export.json\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let export = answer.ok();
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let schema =
        &document["paths"]["/v1/me/export"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(mismatches(&document, schema, &export, ""), [""; 0]);

    let me = learner.get("/v1/me").await.ok();
    assert_eq!(export["profile"], me);
    assert_eq!(export["profile"]["bio"], "Reads.");
    assert_eq!(export["awaited_email"], "new@school.test");
    assert_eq!(export["sessions"].as_array().unwrap().len(), 2);
    let addresses = export["known_addresses"].as_array().unwrap();
    assert!(addresses.iter().any(|one| one["ip_address"].as_str().unwrap().starts_with("2001:db8")), "{addresses:?}");
    assert_eq!(export["enrollments"][0]["id"], enrollment);
    assert_eq!(export["enrollments"][0]["completion_percentage"], "50.00");
    let completion = &export["lesson_completions"][0];
    assert_eq!((&completion["notes"], &completion["time_spent_minutes"]), (&json!("My own words."), &json!(7)));
    let courses: Vec<_> = export["courses"].as_array().unwrap().iter().map(|course| course["id"].clone()).collect();
    assert_eq!(courses, [json!(own.id), json!(deleted.id)], "what was deleted is held still");
    let actions: Vec<_> =
        export["audit_logs"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    for action in [
        "session.create",
        "user.update",
        "course.create",
        "enrollment.create",
        "lesson_completion.create",
        "request.refuse",
    ] {
        assert!(actions.contains(&action), "{action} in {actions:?}");
    }
    assert_eq!((&export["audit_logs_complete"], &export["audit_logs_rest"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn every_table_that_names_a_user_is_in_it_or_has_its_reason() {
    let lyceum = Lyceum::new().await;
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT c.conrelid::regclass || '.' || a.attname
         FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
         WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass AND c.conparentid = 0 ORDER BY 1",
    )
    .fetch_all(&lyceum.database)
    .await
    .unwrap();
    let exported = [
        "audit_logs.user_id",
        "courses.created_by",
        "courses.instructor_id",
        "courses.updated_by", // each edit is a row of audit_logs
        "email_changes.user_id",
        "email_verification_tokens.user_id", // a hash, and each link is a row of outbox
        "enrollments.user_id",
        "idempotency_keys.user_id", // what the user was answered within a day, and is here anyway
        "known_addresses.user_id",
        "lesson_completions.user_id",
        "outbox.user_id",
        "password_reset_tokens.user_id", // a hash, and each link is a row of outbox
        "sessions.user_id",
        "uploads.uploaded_by",
    ];
    assert_eq!(columns, exported);
}

#[tokio::test]
async fn it_holds_no_hash_and_no_token() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let tokens = student.sign_in(crate::harness::PASSWORD).await.ok();
    student.post("/v1/auth/forgot-password", json!({ "email": student.email })).await.is(202);
    let reset = lyceum.token_mailed_to(&student.email).await;
    let export = student.get("/v1/me/export").await.is(200).text;
    for secret in
        [&reset, tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap(), "$argon2"]
    {
        assert!(!export.contains(secret));
    }
    let hashes = "SELECT token FROM refresh_tokens UNION SELECT token FROM password_reset_tokens UNION SELECT password_hash FROM users";
    let hashes: Vec<String> = sqlx::query_scalar(hashes).fetch_all(&lyceum.database).await.unwrap();
    assert!(hashes.len() >= 4);
    assert!(hashes.iter().all(|hash| !export.contains(hash)));
}

#[tokio::test]
async fn it_says_when_not_all_of_the_log_fits() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    lyceum
        .change(
            "INSERT INTO audit_logs (user_id, action, resource_type, created_at)
             SELECT $1, 'test.row', 'test', '2026-11-01'::timestamptz + n * interval '1 s' FROM generate_series(1, 5000) n",
            &student.id,
        )
        .await;
    let export = student.get("/v1/me/export").await.ok();
    assert_eq!(export["audit_logs"].as_array().unwrap().len(), 5000);
    assert_eq!(export["audit_logs_complete"], false);
    assert_eq!(export["audit_logs"][0]["action"], "session.create", "the newest first");
}

#[tokio::test]
async fn it_fits_an_answer_whatever_the_log_holds_and_says_where_the_rest_is() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    lyceum
        .change(
            "INSERT INTO audit_logs (user_id, action, resource_type, changes, created_at)
             SELECT $1, 'test.row', 'test', jsonb_build_object('content', jsonb_build_object('to', repeat('\"', 200000))),
               '2026-11-01'::timestamptz + n * interval '1 s' FROM generate_series(1, 20) n",
            &student.id,
        )
        .await;
    let answer = student.get("/v1/me/export").await.is(200);
    assert!(serde_json::to_string(&answer.text).unwrap().len() < 6_000_000, "as it goes out, escaped");
    let shown = answer.body["audit_logs"].as_array().unwrap();
    assert_eq!((shown.len(), &shown[0]["action"]), (7, &json!("session.create")), "the newest first");
    assert_eq!(answer.body["audit_logs_complete"], false);
    let rest = answer.body["audit_logs_rest"].as_str().unwrap();
    let rest = admin.get(&format!("{rest}&limit=100")).await.ok();
    assert_eq!(rest["data"][0]["created_at"], "2026-11-01T00:00:14Z", "it goes on where the export ends");
}

#[tokio::test]
async fn it_is_for_whoever_is_signed_in() {
    let lyceum = Lyceum::new().await;
    lyceum.anonymous().get("/v1/me/export").await.problem(401, "unauthorized");
}

/// Protects against H10: the titles of today are no part of what the learner once saw.
#[tokio::test]
async fn it_names_no_lesson_of_a_hidden_course_that_was_dropped() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, learner) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 2).await;
    let enrollment = learner.post(&course.path("/enrollments"), json!({})).await.created();
    course.complete(&learner, 0).await;
    let shown = learner.get("/v1/me/export").await.ok();
    assert_eq!(shown["lesson_completions"][0]["lesson_title"], "Lesson 1");

    learner.delete(&format!("/v1/enrollments/{}", enrollment["id"].as_str().unwrap())).await.no_content();
    course.change(json!({ "visibility": "private" })).await;
    let hidden = learner.get("/v1/me/export").await.ok();
    assert_eq!(hidden["lesson_completions"][0]["lesson_title"], Value::Null);
    assert_eq!(hidden["enrollments"][0]["course_title"], Value::Null);
}
