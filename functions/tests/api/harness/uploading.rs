//! Uploads files as a browser does, and prepares uploaded files for tests of other subjects.

use serde_json::{Value, json};

use super::{Answer, Caller, CourseInProgress, Lyceum};

/// The size of one part of a multipart upload, in bytes.
pub const PART: usize = 16 << 20;

/// Returns a request body for the upload of a document.
pub fn document(size: usize) -> Value {
    json!({ "kind": "document", "file_name": "notes.txt", "content_type": "text/plain", "size_bytes": size })
}

/// Returns a request body for the upload of a video.
pub fn video(size: usize) -> Value {
    json!({ "kind": "video", "file_name": "lecture.mp4", "content_type": "video/mp4", "size_bytes": size })
}

/// Submits a form with a file and optionally one changed or added field. Returns the status and S3's response.
pub async fn submit_changed(form: &Value, change: Option<(&str, &str)>, file: &[u8]) -> (u16, String) {
    let mut fields = form["fields"].as_object().expect("a form").clone();
    fields.extend(change.map(|(name, value)| (name.to_owned(), json!(value))));
    let mut body = Vec::new();
    for (name, value) in &fields {
        let value = value.as_str().unwrap();
        let part = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n");
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let post = reqwest::Client::new().post(form["url"].as_str().unwrap());
    let post = post.header("content-type", "multipart/form-data; boundary=edge").body(body);
    let answer = post.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Submits a form with a file. Returns the status.
pub async fn submit(form: &Value, file: &[u8]) -> u16 {
    submit_changed(form, None, file).await.0
}

/// Sends a part. Returns the status and its `ETag`.
pub async fn put_part(part: &Value, bytes: Vec<u8>) -> (u16, String) {
    let answer = reqwest::Client::new().put(part["url"].as_str().unwrap()).body(bytes).send().await.unwrap();
    let e_tag = answer.headers().get("etag").map_or("", |e_tag| e_tag.to_str().unwrap());
    (answer.status().as_u16(), e_tag.to_owned())
}

/// Sends a part of zeros. Returns its entry for `complete`.
pub async fn put_zeros(part: &Value) -> Value {
    let size = usize::try_from(part["size_bytes"].as_u64().unwrap()).unwrap();
    let (status, e_tag) = put_part(part, vec![0; size]).await;
    assert_eq!(status, 200);
    json!({ "part_number": part["part_number"], "etag": e_tag })
}

impl CourseInProgress {
    /// Requests an upload for the first lesson and returns the response.
    pub async fn ask(&self, by: &Caller, body: Value) -> Answer {
        by.post(&format!("/v1/lessons/{}/uploads", self.lessons[0]), body).await
    }

    /// Creates an upload for the first lesson as the instructor. Returns its path, and how to send the file.
    pub async fn upload(&self, body: Value) -> (String, Value) {
        let answer = self.ask(&self.instructor, body).await.is(201);
        (answer.header("location").to_owned(), answer.body)
    }
}

impl Lyceum {
    /// Adds a checked file to a lesson, in the state that a finished upload has. Returns the upload's id.
    pub async fn shows(&self, course: &str, lesson: &str, by: &Caller, kind: &str) -> String {
        self.shows_named(course, lesson, by, kind, if kind == "video" { "a.mp4" } else { "a.pdf" }).await
    }

    pub async fn shows_named(&self, course: &str, lesson: &str, by: &Caller, kind: &str, name: &str) -> String {
        let id: uuid::Uuid = sqlx::query_scalar(
            "WITH new AS (SELECT gen_random_uuid() AS id), path AS (
               SELECT new.id, 'media/' || $6 || '/' || $1 || '/' || new.id || CASE $3 WHEN 'video' THEN '.mp4' ELSE '.pdf' END AS path FROM new),
             upload AS (
               INSERT INTO uploads (id, lesson_id, course_id, uploaded_by, kind, status, file_name, content_type, size_bytes, storage_path, duration_seconds)
               SELECT path.id, $1, $6, $2, $3, 'ready', $4, CASE $3 WHEN 'video' THEN 'video/mp4' ELSE $5 END, 5, path.path, 60 FROM path)
             UPDATE lessons SET
               self_hosted_video_path = CASE $3 WHEN 'video' THEN path.path ELSE self_hosted_video_path END,
               document_paths = CASE $3 WHEN 'video' THEN document_paths ELSE document_paths || to_jsonb(path.path) END
             FROM path WHERE lessons.id = $1 RETURNING path.id",
        )
        .bind(lesson.parse::<uuid::Uuid>().unwrap())
        .bind(by.id.parse::<uuid::Uuid>().unwrap())
        .bind(kind)
        .bind(name)
        .bind("application/pdf")
        .bind(course.parse::<uuid::Uuid>().unwrap())
        .fetch_one(&self.database)
        .await
        .unwrap();
        id.to_string()
    }

    /// Returns the S3 key of an upload.
    pub async fn path_of(&self, upload: &str) -> String {
        let path = sqlx::query_scalar("SELECT storage_path FROM uploads WHERE id = $1");
        path.bind(upload.parse::<uuid::Uuid>().unwrap()).fetch_one(&self.database).await.unwrap()
    }
}
