use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

async fn outline(caller: &Caller, id: &Value) -> Value {
    caller.get(&format!("/v1/courses/{}/outline", id.as_str().unwrap())).await.ok()["sections"].clone()
}

#[tokio::test]
async fn a_copy_has_all_that_the_original_says_and_is_a_draft() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let first = CourseInProgress::published(&admin, &instructor, 1).await;
    let mut course = CourseInProgress::published(&admin, &instructor, 2).await;
    course
        .change(json!({
            "title": "Maps", "slug": "maps", "content": "c", "visibility": "restricted", "is_featured": true,
            "difficulty_level": "advanced", "language": "de", "price": "49.00", "required_score": 80, "allow_retake": false,
            "max_attempts": 3, "estimated_hours": "12.50", "meta_description": "m", "meta_keywords": "k",
        }))
        .await;
    instructor.put(&course.path("/tags"), json!(["a", "b"])).await.ok();
    let prerequisite = json!([{ "prerequisite_course_id": first.id, "min_completion_percentage": 40 }]);
    instructor.put(&course.path("/prerequisites"), prerequisite.clone()).await.ok();
    let optional = json!({
        "title": "Optional", "content": "text", "requires_completion": false, "duration_minutes": 7, "description": "d",
        "external_links": [{ "title": "t", "url": "https://example.org" }],
    });
    course.add_lesson(optional).await;
    let empty = instructor.post(&course.path("/sections"), json!({ "title": "Empty" })).await.created();
    let learner = lyceum.student().await;
    instructor.post(&course.path("/enrollments"), json!({ "user_id": learner.id })).await.is(201);

    lyceum.clock.advance(chrono::TimeDelta::minutes(1));
    let answer = instructor.post(&course.path("/duplicate"), json!({})).await;
    assert_eq!(answer.header("etag"), format!("\"v{}\"", answer.body["version"]));
    let mut copy = answer.created();
    let mut original = instructor.get(&course.path("")).await.ok();
    assert_eq!((copy["title"].as_str(), copy["slug"].as_str()), (Some("Maps (copy)"), Some("maps-copy")));
    assert_eq!((&copy["status"], &copy["published_at"]), (&json!("draft"), &Value::Null));
    let id = copy["id"].clone();
    for field in ["id", "title", "slug", "status", "published_at", "created_at", "updated_at", "version"] {
        assert!(copy.as_object_mut().unwrap().remove(field).is_some());
        original.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(copy, original);
    let path = format!("/v1/courses/{}", id.as_str().unwrap());
    let mut expected = prerequisite;
    expected[0]["open_to"] = json!("anyone");
    assert_eq!(instructor.get(&format!("{path}/prerequisites")).await.ok()["data"], expected);

    // The same sections and lessons, under ids of their own.
    let (mut of_copy, mut of_original) =
        (outline(&instructor, &id).await, outline(&instructor, &json!(course.id)).await);
    let without_ids = |sections: &mut Value| {
        let mut ids = Vec::new();
        for section in sections.as_array_mut().unwrap() {
            ids.push(section.as_object_mut().unwrap().remove("id").unwrap());
            for lesson in section["lessons"].as_array_mut().unwrap() {
                ids.push(lesson.as_object_mut().unwrap().remove("id").unwrap());
            }
        }
        ids
    };
    let (new, old) = (without_ids(&mut of_copy), without_ids(&mut of_original));
    assert_eq!(of_copy, of_original);
    assert!(new.len() == 5 && new.iter().all(|id| !old.contains(id)));
    assert!(old.contains(&empty["id"]));
    let lesson = instructor.get(&format!("/v1/lessons/{}", new[3].as_str().unwrap())).await.ok();
    assert_eq!((&lesson["title"], &lesson["external_links"][0]["title"]), (&json!("Optional"), &json!("t")));

    // Learners stay with the original, and an edit of one changes nothing of the other.
    learner.get(&path).await.problem(404, "not-found");
    instructor.patch(&format!("/v1/lessons/{}", new[1].as_str().unwrap()), json!({ "title": "New" })).await.ok();
    assert_eq!(outline(&instructor, &json!(course.id)).await[0]["lessons"][0]["title"], "Lesson 1");
    instructor.post(&format!("{path}/publish"), json!({})).await.ok();
    let rows = lyceum.audited("course.duplicate").await;
    assert_eq!((rows.len(), &rows[0]["resource_id"], &rows[0]["user_id"]), (1, &id, &json!(instructor.id)));
    assert_eq!(rows[0]["changes"]["duplicate_of"]["to"], course.id);
}

#[tokio::test]
async fn uploaded_files_stay_with_the_original_and_lessons_that_need_them_come_unpublished() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let mut course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let link = json!({ "video_url": "https://vimeo.com/76979871", "video_provider": "vimeo" });
    let lessons = [
        json!({ "title": "Linked", "lesson_type": "video", "video_url": link["video_url"], "video_provider": link["video_provider"], "is_published": true }),
        json!({ "title": "Uploaded", "lesson_type": "video" }),
        json!({ "title": "Document", "lesson_type": "document" }),
    ];
    for lesson in lessons {
        course.add_lesson(lesson).await;
    }
    sqlx::query(
        "UPDATE lessons SET is_published = true, self_hosted_video_path = CASE WHEN title = 'Uploaded' THEN 'media/x' END,
           document_paths = CASE WHEN title = 'Document' THEN '[\"media/y\"]' ELSE '[]' END::jsonb",
    )
    .execute(&lyceum.database)
    .await
    .unwrap();
    let copy = instructor.post(&course.path("/duplicate"), json!({})).await.created();
    let outline = outline(&instructor, &copy["id"]).await;
    let shown: Vec<_> = outline[0]["lessons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lesson| (lesson["title"].as_str().unwrap(), lesson["is_published"].as_bool().unwrap()))
        .collect();
    assert_eq!(shown, [("Lesson 1", true), ("Linked", true), ("Uploaded", false), ("Document", false)]);
    for lesson in outline[0]["lessons"].as_array().unwrap() {
        let lesson = instructor.get(&format!("/v1/lessons/{}", lesson["id"].as_str().unwrap())).await.ok();
        assert_eq!((&lesson["self_hosted_video_path"], &lesson["document_paths"]), (&Value::Null, &json!([])));
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM lessons WHERE self_hosted_video_path IS NOT NULL").await, 1);
}

#[tokio::test]
async fn copies_get_slugs_of_their_own() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 0).await;
    let path = course.path("/duplicate");
    let first = instructor.post(&path, json!({})).await.created();
    let second = instructor.post(&path, json!({})).await.created();
    assert_ne!(first["id"], second["id"], "the same call again makes another");
    assert_eq!(first["slug"], "a-course-copy");
    assert!(second["slug"].as_str().unwrap().starts_with("a-course-copy-"));
    let named = instructor.post(&path, json!({ "title": "Next year", "slug": "next" })).await.created();
    assert_eq!((&named["title"], &named["slug"]), (&json!("Next year"), &json!("next")));
    instructor.post(&path, json!({ "slug": "next" })).await.problem(409, "slug-taken");
    assert_eq!(
        instructor.post(&path, json!({ "title": "", "slug": "A", "status": "published" })).await.faults(),
        ["/slug invalid_slug", "/status unknown_field", "/title blank"]
    );
}

#[tokio::test]
async fn the_staff_who_may_create_courses_copy_them() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor, student) = (lyceum.admin().await, lyceum.instructor().await, lyceum.student().await);
    let course = CourseInProgress::published(&admin, &instructor, 1).await;
    let path = course.path("/duplicate");
    lyceum.anonymous().post(&path, json!({})).await.problem(401, "unauthorized");
    for stranger in [&student, &lyceum.instructor().await] {
        stranger.post(&path, json!({})).await.problem(403, "forbidden");
    }
    let copy = admin.post(&path, json!({})).await.created();
    assert_eq!(copy["instructor_id"], instructor.id, "who teaches it stays");
    course.change(json!({ "visibility": "private" })).await;
    student.post(&path, json!({})).await.problem(404, "not-found");
    // Who taught it, and may not create courses any more.
    sqlx::query("UPDATE courses SET created_by = $1::uuid").bind(&student.id).execute(&lyceum.database).await.unwrap();
    student.post(&path, json!({})).await.problem(403, "forbidden");
    instructor.delete(&course.path("")).await.no_content();
    instructor.post(&path, json!({})).await.problem(404, "not-found");
}

#[tokio::test]
async fn sixty_four_copies_at_once_are_whole_and_apart() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 3).await;
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let (instructor, path) = (instructor.clone(), course.path("/duplicate"));
            tokio::spawn(async move { instructor.post(&path, json!({})).await.status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 201);
    }
    assert_eq!(lyceum.count("SELECT count(DISTINCT slug) FROM courses").await, 65);
    assert_eq!(lyceum.count("SELECT count(*) FROM lessons").await, 65 * 3);
}
