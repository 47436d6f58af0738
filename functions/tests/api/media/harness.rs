//! Builders for uploads: a row, as the API creates it, and an object, as a browser sends it.

use lyceum::id::UploadId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{BUCKET, Caller, CourseInProgress, Lyceum};

/// An upload to create.
#[derive(Clone)]
pub struct NewUpload {
    pub course: Uuid,
    pub lesson: Option<Uuid>,
    pub by: Uuid,
    pub kind: &'static str,
    pub extension: &'static str,
    pub size_bytes: i64,
    pub checksum: Option<Vec<u8>>,
    pub in_parts: bool,
}

impl NewUpload {
    /// A file with this extension and size in bytes, for the lesson with this index.
    pub fn of(course: &CourseInProgress, lesson: usize, extension: &'static str, size: usize) -> Self {
        let kind = if matches!(extension, "mp4" | "webm") { "video" } else { "document" };
        Self {
            course: course.id.parse().unwrap(),
            lesson: Some(course.lessons[lesson].parse().unwrap()),
            by: course.instructor.id.parse().unwrap(),
            kind,
            extension,
            size_bytes: i64::try_from(size).unwrap(),
            checksum: None,
            in_parts: false,
        }
    }

    /// A picture of the user, or a thumbnail of the course (`kind`).
    pub fn image(
        course: &CourseInProgress,
        by: &Caller,
        kind: &'static str,
        extension: &'static str,
        size: usize,
    ) -> Self {
        Self { by: by.id.parse().unwrap(), lesson: None, kind, ..Self::of(course, 0, extension, size) }
    }
}

/// An upload whose row was created.
#[derive(Clone, Debug)]
pub struct CreatedUpload {
    pub id: Uuid,
}

impl CreatedUpload {
    pub fn key(&self) -> String {
        format!("uploads/{}", self.id)
    }
}

/// Returns the event that S3 sends for a new object.
pub fn object_created_event(key: &str, e_tag: &str, size: usize) -> Value {
    let key: String = form_urlencoded::byte_serialize(key.as_bytes()).collect::<String>().replace("%2F", "/");
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Post",
        "s3": { "bucket": { "name": BUCKET }, "object": { "key": key, "size": size, "eTag": e_tag } },
    }] })
}

fn content_type(extension: &str) -> &'static str {
    let all = lyceum::media::file_type::FileType::ALL;
    all.iter().find(|one| one.extension == extension).unwrap().content_type
}

impl Lyceum {
    /// Inserts the row that the API creates before a file is sent.
    pub async fn create_upload(&self, new: &NewUpload) -> CreatedUpload {
        let id = sqlx::query_scalar(
            "INSERT INTO uploads (id, lesson_id, course_id, uploaded_by, kind, file_name, content_type, size_bytes,
               checksum_sha256, part_size_bytes, created_at, expires_at)
             VALUES ($9, $1, CASE WHEN $4 <> 'picture' THEN $2 END, $3, $4, 'file.' || $5, $6, $7, $8, CASE WHEN $11 THEN 5242880 END, $10,
               $10 + interval '24 hours')
             RETURNING id",
        )
        .bind(new.lesson)
        .bind(new.course)
        .bind(new.by)
        .bind(new.kind)
        .bind(new.extension)
        .bind(content_type(new.extension))
        .bind(new.size_bytes)
        .bind(&new.checksum)
        .bind(UploadId::new(self.clock.now()).to_string().parse::<Uuid>().unwrap())
        .bind(self.clock.now())
        .bind(new.in_parts)
        .fetch_one(&self.database)
        .await
        .unwrap();
        CreatedUpload { id }
    }

    /// Writes the file as a browser would. Returns S3's event for it, which the caller passes on.
    pub async fn send_file(&self, sent: &CreatedUpload, bytes: Vec<u8>) -> Value {
        let (key, size) = (sent.key(), bytes.len());
        let put = self.s3().put_object().bucket(BUCKET).key(&key).content_type("text/html").body(bytes.into());
        let put = put.send().await.unwrap();
        object_created_event(&key, put.e_tag().unwrap().trim_matches('"'), size)
    }

    /// Creates an upload, sends its file and runs `ingest`. Returns the upload and its row.
    pub async fn ingest_file(&self, new: &NewUpload, bytes: Vec<u8>) -> (CreatedUpload, Value) {
        let sent = self.create_upload(new).await;
        let event = self.send_file(&sent, bytes).await;
        self.run("ingest", event).await;
        let row = self.upload_row(&sent).await;
        (sent, row)
    }

    /// Like [`Self::ingest_file`], for a lesson and with the right size.
    pub async fn ingest_lesson_file(
        &self,
        course: &CourseInProgress,
        lesson: usize,
        extension: &'static str,
        bytes: Vec<u8>,
    ) -> (CreatedUpload, Value) {
        self.ingest_file(&NewUpload::of(course, lesson, extension, bytes.len()), bytes).await
    }

    /// Returns the row of an upload; null if there is none.
    pub async fn upload_row(&self, sent: &CreatedUpload) -> Value {
        sqlx::query_scalar("SELECT coalesce((SELECT to_jsonb(u) FROM uploads u WHERE id = $1), 'null')")
            .bind(sent.id)
            .fetch_one(&self.database)
            .await
            .unwrap()
    }

    /// Returns the keys of all objects in the bucket.
    pub async fn object_keys(&self) -> Vec<String> {
        let (mut keys, mut from) = (Vec::new(), None);
        loop {
            let list = self.s3().list_objects_v2().bucket(BUCKET).set_continuation_token(from);
            let page = list.send().await.unwrap();
            keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
            from = page.next_continuation_token().map(ToOwned::to_owned);
            if from.is_none() {
                return keys;
            }
        }
    }
}

/// Creates a published course with this number of lessons.
pub async fn course(lyceum: &std::sync::Arc<Lyceum>, lessons: usize) -> CourseInProgress {
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    CourseInProgress::published(&admin, &instructor, lessons).await
}

/// Returns the lesson with this index, as its author reads it.
pub async fn lesson(course: &CourseInProgress, index: usize) -> Value {
    course.instructor.get(&format!("/v1/lessons/{}", course.lessons[index])).await.ok()
}
