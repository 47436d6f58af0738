//! Uploads as the API and a browser leave them: a row, and an object under its key.

use lyceum::id::UploadId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{BUCKET, Caller, CourseInProgress, Lyceum};

/// What an author asks to send.
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
    /// A file of that type and size for the lesson of that index.
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

    /// A picture of that person, or the thumbnail of the course.
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

/// An upload whose row is there.
#[derive(Clone, Debug)]
pub struct CreatedUpload {
    pub id: Uuid,
}

impl CreatedUpload {
    pub fn key(&self) -> String {
        format!("uploads/{}", self.id)
    }
}

/// The event of S3 that tells of an object.
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
    /// The row that the API makes before a byte is sent.
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

    /// What the browser sends; the event that S3 makes of it, for whoever carries it.
    pub async fn send_file(&self, sent: &CreatedUpload, bytes: Vec<u8>) -> Value {
        let (key, size) = (sent.key(), bytes.len());
        let put = self.s3().put_object().bucket(BUCKET).key(&key).content_type("text/html").body(bytes.into());
        let put = put.send().await.unwrap();
        object_created_event(&key, put.e_tag().unwrap().trim_matches('"'), size)
    }

    /// Row, object and event of a file; what ingest made of it.
    pub async fn ingest_file(&self, new: &NewUpload, bytes: Vec<u8>) -> (CreatedUpload, Value) {
        let sent = self.create_upload(new).await;
        let event = self.send_file(&sent, bytes).await;
        self.run("ingest", event).await;
        let row = self.upload_row(&sent).await;
        (sent, row)
    }

    /// A file that fits, of that type, sent and judged.
    pub async fn ingest_lesson_file(
        &self,
        course: &CourseInProgress,
        lesson: usize,
        extension: &'static str,
        bytes: Vec<u8>,
    ) -> (CreatedUpload, Value) {
        self.ingest_file(&NewUpload::of(course, lesson, extension, bytes.len()), bytes).await
    }

    /// Its row.
    pub async fn upload_row(&self, sent: &CreatedUpload) -> Value {
        sqlx::query_scalar("SELECT coalesce((SELECT to_jsonb(u) FROM uploads u WHERE id = $1), 'null')")
            .bind(sent.id)
            .fetch_one(&self.database)
            .await
            .unwrap()
    }

    /// What lies in the bucket, by its keys.
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

/// A published course with so many lessons, and its lessons' address.
pub async fn course(lyceum: &std::sync::Arc<Lyceum>, lessons: usize) -> CourseInProgress {
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    CourseInProgress::published(&admin, &instructor, lessons).await
}

/// The lesson of that index, as its author reads it.
pub async fn lesson(course: &CourseInProgress, index: usize) -> Value {
    course.instructor.get(&format!("/v1/lessons/{}", course.lessons[index])).await.ok()
}
