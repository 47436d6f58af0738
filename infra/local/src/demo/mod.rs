//! The demo data: a small catalogue with real lessons, and four users. Loaded into an empty database, never in
//! production.

mod bucket;
mod content;
mod large_video;
mod people;

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::stack::Environment;
use bucket::Bucket;
use content::{Content, Course, Lesson};
use people::People;
pub(crate) use people::hash as password_hash;

pub use large_video::large_video;

pub const PASSWORD: &str = "lyceum demo 2026";
pub const STUDENT: &str = "student@demo.test";
pub const ACCOUNTS: [(&str, &str); 4] = [
    ("admin@demo.test", "administrator"),
    ("instructor@demo.test", "teaches the demo courses"),
    (STUDENT, "a student, not enrolled yet"),
    ("halfway@demo.test", "a student, half-way through a course"),
];
/// The course of which the second student has completed half.
const HALFWAY_COURSE: &str = "study-skills";
/// The time between the creation of two courses, so that lists sorted by age have an order.
const COURSE_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// Loads the demo data, unless it exists. Returns whether it loaded it. Files are stored before the rows, which are
/// inserted in one transaction, so that an interrupted start leaves no incomplete data.
///
/// # Errors
/// Fails in production, and when the database or S3 fails.
pub async fn load(owner: &mut PgConnection, environment: &Environment) -> Result<bool> {
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM users WHERE email = 'admin@demo.test')")
        .fetch_one(&mut *owner)
        .await?;
    if known {
        return Ok(false);
    }
    if is_refused() {
        bail!("LYCEUM_ENV is production: the demo data with its known passwords can't be loaded");
    }
    let content = Content::read()?;
    #[expect(clippy::disallowed_methods, reason = "the data is as old as its loading")]
    let now = Utc::now() - COURSE_INTERVAL * i32::try_from(content.courses.len())?;
    let mut loader =
        Loader { tx: owner.begin().await?, bucket: Bucket::new(environment)?, now, courses: HashMap::new() };
    let people = People::insert(&mut loader.tx, now).await?;
    let categories = loader.categories(&content).await?;
    for course in &content.courses {
        loader.now += COURSE_INTERVAL;
        let category = categories.get(&course.category).context("a course has an unknown category")?;
        loader.course(course, *category, people.instructor).await?;
    }
    loader.halfway(people.halfway).await?;
    // As the job does that the triggers enqueued.
    sqlx::raw_sql("SELECT fold_counters(9223372036854775807); DELETE FROM jobs WHERE kind = 'fold-counters'")
        .execute(&mut *loader.tx)
        .await?;
    loader.tx.commit().await?;
    Ok(true)
}

/// Whether demo data is refused: in production (`LYCEUM_ENV=production`), because its passwords are known.
#[must_use]
pub fn is_refused() -> bool {
    std::env::var("LYCEUM_ENV").is_ok_and(|name| name == "production")
}

struct Loader<'a> {
    tx: Transaction<'a, Postgres>,
    bucket: Bucket,
    now: DateTime<Utc>,
    /// The ids of the inserted courses, by slug.
    courses: HashMap<String, Uuid>,
}

impl Loader<'_> {
    fn id(&self) -> Uuid {
        id(self.now)
    }

    async fn categories(&mut self, content: &Content) -> Result<HashMap<String, Uuid>> {
        let mut ids = HashMap::new();
        for category in &content.categories {
            let id = self.id();
            sqlx::query(
                "INSERT INTO categories (id, name, slug, description, display_order) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(id)
            .bind(&category.name)
            .bind(&category.slug)
            .bind(&category.description)
            .bind(category.display_order)
            .execute(&mut *self.tx)
            .await?;
            ids.insert(category.slug.clone(), id);
        }
        Ok(ids)
    }

    async fn course(&mut self, course: &Course, category: Uuid, instructor: Uuid) -> Result<()> {
        let id = self.id();
        sqlx::query(
            "INSERT INTO courses (id, title, slug, description, content, category_id, difficulty_level, language, price,
               visibility, is_featured, estimated_hours, meta_description, meta_keywords, status, published_at,
               created_at, instructor_id, created_by, updated_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::decimal, $10, $11, $12::text::decimal, $13, $14, 'published', $15, $15,
               $16, $16, $16)",
        )
        .bind(id)
        .bind(&course.title)
        .bind(&course.slug)
        .bind(&course.description)
        .bind(&course.content)
        .bind(category)
        .bind(&course.difficulty_level)
        .bind(&course.language)
        .bind(&course.price)
        .bind(&course.visibility)
        .bind(course.is_featured)
        .bind(&course.estimated_hours)
        .bind(&course.meta_description)
        .bind(&course.meta_keywords)
        .bind(self.now)
        .bind(instructor)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query("INSERT INTO course_tags (course_id, tag) SELECT $1, unnest($2::text[])")
            .bind(id)
            .bind(&course.tags)
            .execute(&mut *self.tx)
            .await?;
        for prerequisite in &course.prerequisites {
            let other = self.courses.get(&prerequisite.slug).context("a prerequisite must stand before its course")?;
            sqlx::query("INSERT INTO course_prerequisites (course_id, prerequisite_course_id, min_completion_percentage) VALUES ($1, $2, $3)")
                .bind(id)
                .bind(other)
                .bind(prerequisite.min_completion_percentage)
                .execute(&mut *self.tx)
                .await?;
        }
        self.courses.insert(course.slug.clone(), id);
        for (order, section) in (1..).zip(&course.sections) {
            let section_id = self.id();
            sqlx::query(
                "INSERT INTO sections (id, course_id, title, description, display_order) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(section_id)
            .bind(id)
            .bind(&section.title)
            .bind(&section.description)
            .bind(order)
            .execute(&mut *self.tx)
            .await?;
            for (order, lesson) in (1..).zip(&section.lessons) {
                self.lesson(lesson, order, section_id, id, instructor).await?;
            }
        }
        Ok(())
    }

    async fn lesson(
        &mut self,
        lesson: &Lesson,
        order: i32,
        section: Uuid,
        course: Uuid,
        instructor: Uuid,
    ) -> Result<()> {
        let id = self.id();
        sqlx::query(
            "INSERT INTO lessons (id, section_id, title, description, lesson_type, markdown_content, external_links,
               display_order, duration_minutes, is_published, requires_completion)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(id)
        .bind(section)
        .bind(&lesson.title)
        .bind(&lesson.description)
        .bind(&lesson.kind)
        .bind(content::text(&lesson.markdown)?)
        .bind(&lesson.external_links)
        .bind(order)
        .bind(lesson.duration_minutes)
        .bind(lesson.is_published)
        .bind(lesson.requires_completion)
        .execute(&mut *self.tx)
        .await?;
        if let Some(video) = &lesson.video {
            let key = self.upload(video, id, course, instructor).await?;
            sqlx::query("UPDATE lessons SET self_hosted_video_path = $2, video_provider = 'self_hosted' WHERE id = $1")
                .bind(id)
                .bind(key)
                .execute(&mut *self.tx)
                .await?;
        }
        for document in &lesson.documents {
            let key = self.upload(document, id, course, instructor).await?;
            sqlx::query("UPDATE lessons SET document_paths = document_paths || $2 WHERE id = $1")
                .bind(id)
                .bind(json!([key]))
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// Stores a file under the key that a checked upload would have. Returns the key.
    async fn upload(&mut self, path: &str, lesson: Uuid, course: Uuid, instructor: Uuid) -> Result<String> {
        let file = content::media(path)?;
        let upload = self.id();
        let key = format!("media/{course}/{lesson}/{upload}.{}", file.extension);
        self.bucket.put(&key, file.content_type, file.bytes).await?;
        sqlx::query(
            "INSERT INTO uploads (id, lesson_id, course_id, uploaded_by, kind, status, file_name, content_type, size_bytes, storage_path, duration_seconds)
             VALUES ($1, $2, $3, $4, $5, 'ready', $6, $7, $8, $9, $10)",
        )
        .bind(upload)
        .bind(lesson)
        .bind(course)
        .bind(instructor)
        .bind(file.kind)
        .bind(file.name)
        .bind(file.content_type)
        .bind(i64::try_from(file.bytes.len())?)
        .bind(&key)
        .bind(file.duration_seconds)
        .execute(&mut *self.tx)
        .await?;
        Ok(key)
    }

    /// Enrols a learner who has completed the first half of the counting lessons.
    async fn halfway(&mut self, learner: Uuid) -> Result<()> {
        let course = self.courses.get(HALFWAY_COURSE).context("the course of the second student is missing")?;
        let enrollment = self.id();
        sqlx::query("INSERT INTO enrollments (id, user_id, course_id, enrolled_at, last_accessed_at) VALUES ($1, $2, $3, $4, $4)")
            .bind(enrollment)
            .bind(learner)
            .bind(course)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        sqlx::query(
            "WITH counted AS (
               SELECT l.id, row_number() OVER (ORDER BY s.display_order, l.display_order) AS place, count(*) OVER () AS lessons
               FROM sections s JOIN lessons l ON l.section_id = s.id AND l.is_published AND l.requires_completion
               WHERE s.course_id = $3),
             completed AS (
               INSERT INTO lesson_completions (user_id, lesson_id, enrollment_id, completed_at, time_spent_minutes)
               SELECT $2, id, $1, $4, 10 FROM counted WHERE place <= lessons / 2 RETURNING id)
             UPDATE enrollments SET completion_percentage =
               trunc(100.0 * (SELECT count(*) FROM completed) / (SELECT count(*) FROM counted), 2)
             WHERE id = $1",
        )
        .bind(enrollment)
        .bind(learner)
        .bind(course)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// Creates a UUID version 7.
fn id(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos()))
}
