use serde_json::{Value, json};

use crate::harness::uploading::{PART, document, put_zeros, submit, video};
use crate::harness::{BUCKET, Caller, CourseInProgress, Lyceum, at_once, how_many};

async fn complete(by: &Caller, path: &str, body: Value) -> crate::harness::Answer {
    by.post(&format!("{path}/complete"), body).await
}

#[tokio::test]
async fn the_parts_become_one_object_and_a_repeated_call_returns_the_same() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 7)).await;
    let second = put_zeros(&sending["parts"][1]).await;
    let first = put_zeros(&sending["parts"][0]).await;
    let mut created = lyceum.created();
    let bare = json!({ "part_number": 2, "etag": second["etag"].as_str().unwrap().trim_matches('"') });
    let body = json!({ "parts": [bare, first] }); // in any order, and with or without the quotes
    let upload = complete(&instructor, &path, body.clone()).await.ok();
    assert_eq!((&upload["status"], &upload["parts"]), (&json!("pending"), &json!([])));
    let event = created.recv().await.unwrap();
    assert_eq!((event.event, event.size), ("ObjectCreated:CompleteMultipartUpload", (PART + 7) as u64));
    let head = lyceum.s3().head_object().bucket(BUCKET).key(path.trim_start_matches("/v1/")).send().await.unwrap();
    assert_eq!(head.content_type(), Some("video/mp4"), "the type of the row");
    assert_eq!(complete(&instructor, &path, body).await.ok(), upload);
    let row = &lyceum.audited("upload.complete").await;
    assert_eq!((row.len(), &row[0]["resource_id"]), (1, &sending["upload_id"]));
    lyceum.anonymous().post(&format!("{path}/complete"), json!({})).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn missing_and_wrong_parts_are_listed_and_can_still_be_sent() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(2 * PART + 7)).await;
    let (first, third) = (put_zeros(&sending["parts"][0]).await, put_zeros(&sending["parts"][2]).await);
    let wrong = json!({ "part_number": 3, "etag": "\"0\"" });
    let problem = complete(&instructor, &path, json!({ "parts": [first, wrong] })).await;
    let problem = problem.problem(409, "upload-incomplete");
    assert_eq!((&problem["missing"], &problem["wrong"]), (&json!([2]), &json!([3])));
    let second = put_zeros(&sending["parts"][1]).await;
    let problem = complete(&instructor, &path, json!({ "parts": [second, first] })).await;
    assert_eq!(problem.problem(409, "upload-incomplete")["missing"], json!([3]), "an arrived part must be named, too");
    complete(&instructor, &path, json!({ "parts": [second, first, third] })).await.ok();
}

#[tokio::test]
async fn a_list_of_parts_that_does_not_fit_the_file_is_422() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, _) = course.upload(video(PART + 7)).await;
    let part = |number: i32| json!({ "part_number": number, "etag": "\"0\"" });
    for (body, faults) in [
        (json!({}), vec!["/parts required"]),
        (json!({ "parts": [] }), vec!["/parts required"]),
        (json!({ "parts": [part(1), part(2), part(3)] }), vec!["/parts unknown_part"]),
        (json!({ "parts": [part(1), part(1)] }), vec!["/parts/1/part_number repeated"]),
        (json!({ "parts": [part(0)] }), vec!["/parts/0/part_number out_of_range"]),
        (json!({ "parts": [{ "part_number": 1 }] }), vec!["/parts/0/etag required"]),
    ] {
        assert_eq!(complete(&instructor, &path, body.clone()).await.faults(), faults, "{body}");
    }
}

#[tokio::test]
async fn a_file_sent_by_a_form_must_have_arrived() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, form) = course.upload(document(5)).await;
    complete(&instructor, &path, json!({})).await.problem(409, "upload-incomplete");
    assert_eq!(submit(&form, b"01234").await, 201);
    for _ in 0..2 {
        assert_eq!(complete(&instructor, &path, json!({})).await.ok()["status"], "pending");
    }
}

#[tokio::test]
async fn calls_at_once_complete_an_upload_once_and_refused_calls_can_be_repeated() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 7)).await;
    let parts = json!([put_zeros(&sending["parts"][0]).await, put_zeros(&sending["parts"][1]).await]);
    let mut created = lyceum.created();
    let answers = at_once(16, |_| {
        let (instructor, path, body) = (instructor.clone(), path.clone(), json!({ "parts": parts }));
        async move { instructor.insist("POST", &format!("{path}/complete"), Some(body)).await.status }
    })
    .await;
    assert!(how_many(&answers, 200) >= 1, "{answers:?}");
    assert_eq!(how_many(&answers, 200) + how_many(&answers, 409), 16, "{answers:?}");
    assert_eq!(complete(&instructor, &path, json!({ "parts": parts })).await.ok()["status"], "pending");
    assert_eq!(lyceum.audited("upload.complete").await.len(), 1);
    created.recv().await.unwrap();
    assert!(created.try_recv().is_err(), "one object was created");
}

#[tokio::test]
async fn an_upload_is_complete_if_s3_completed_it_but_its_answer_was_lost() {
    let lyceum = Lyceum::today().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 1).await;
    let (path, sending) = course.upload(video(PART + 7)).await;
    let parts = json!([put_zeros(&sending["parts"][0]).await, put_zeros(&sending["parts"][1]).await]);
    let id: String = sqlx::query_scalar("SELECT multipart_id FROM uploads").fetch_one(&lyceum.database).await.unwrap();
    complete(&instructor, &path, json!({ "parts": parts })).await.ok();
    // as if S3's answer, and so the commit, had been lost
    let lost = "UPDATE uploads SET multipart_id = $1";
    sqlx::query(lost).bind(id).execute(&lyceum.database).await.unwrap();
    assert_eq!(instructor.get(&path).await.ok()["parts"], json!([]));
    complete(&instructor, &path, json!({ "parts": parts })).await.ok();
    assert_eq!(lyceum.count("SELECT count(*) FROM uploads WHERE multipart_id IS NULL").await, 1);
}
