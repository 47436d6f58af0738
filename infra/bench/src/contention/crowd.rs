//! Rows that make a school uneven.

use anyhow::Result;
use serde_json::Value;
use sqlx::Executor;
use uuid::Uuid;

use crate::scale::school::{Learner, School, event};

/// How uneven.
pub struct Crowd {
    /// Learners of the crowded course.
    pub learners: i64,
    /// Courses of the busiest instructor.
    pub taught: i64,
    pub audit_rows: i64,
}

/// Who and what the measured calls name.
pub struct Gathered {
    pub administrator: Learner,
    /// The instructor of `Crowd::taught` courses.
    pub instructor: Learner,
    /// The course with `Crowd::learners`.
    pub course: Uuid,
    /// A user who appears in few rows of the audit log.
    pub rare_resource: Uuid,
}

impl Crowd {
    pub const SMALL: Self = Self { learners: 20_000, taught: 3_000, audit_rows: 200_000 };
    pub const LARGE: Self = Self { learners: 99_000, taught: 50_000, audit_rows: 1_850_000 };

    pub async fn gather(&self, school: &School<'_>) -> Result<Gathered> {
        let instructor = school.user("instructor").await?;
        let administrator = school.user("admin").await?;
        let course = new_course(school, &instructor, "draft").await?; // published once its learners are there
        let mut owner = school.owner().await?;
        owner.execute("SET synchronous_commit = off").await?;
        owner.execute("ALTER TABLE courses DISABLE TRIGGER USER").await?;
        sqlx::query(
            "INSERT INTO courses (title, slug, description, instructor_id, category_id, created_by, updated_by, status, published_at)
             SELECT 'Taught ' || n, 'taught-' || n, 'One of very many.', c.instructor_id, c.category_id, c.instructor_id,
               c.instructor_id, 'published', now()
             FROM courses c, generate_series(1, $2) AS n WHERE c.id = $1",
        )
        .bind(course)
        .bind(self.taught)
        .execute(&mut owner)
        .await?;
        owner.execute("ALTER TABLE courses ENABLE TRIGGER USER").await?;
        add_learners(school, self.learners).await?;
        sqlx::query(
            "INSERT INTO enrollments (user_id, course_id, enrolled_at, created_at)
             SELECT id, $1, begun, begun FROM users,
               LATERAL (SELECT now() - interval '1 second' * substr(username, 7)::int AS begun) AS times
             WHERE username LIKE 'crowd-%'",
        )
        .bind(course)
        .execute(&mut owner)
        .await?;
        sqlx::query(
            "INSERT INTO lesson_completions (user_id, lesson_id, enrollment_id)
             SELECT e.user_id, l.id, e.id FROM enrollments e JOIN sections s ON s.course_id = e.course_id
             JOIN lessons l ON l.section_id = s.id AND l.display_order > 0 WHERE e.course_id = $1",
        )
        .bind(course)
        .execute(&mut owner)
        .await?;
        sqlx::query("UPDATE courses SET status = 'published', published_at = now() WHERE id = $1")
            .bind(course)
            .execute(&mut owner)
            .await?;
        let rare_resource = sqlx::query_scalar(
            "WITH added AS (
               INSERT INTO audit_logs (user_id, action, resource_type, resource_id, created_at)
               SELECT u.id, CASE WHEN n = 1 THEN 'course.rare' ELSE 'enrollment.create' END, 'enrollment', gen_random_uuid(),
                 '2026-12-01T00:00:00Z'::timestamptz - interval '1 second' * ($1 - n)
               FROM generate_series(1, $1) AS n JOIN (SELECT id, row_number() OVER () AS i FROM users LIMIT 1000) AS u ON u.i = 1 + n % 1000
               RETURNING action, resource_id)
             SELECT resource_id FROM added WHERE action = 'course.rare'",
        )
        .bind(self.audit_rows)
        .fetch_one(&mut owner)
        .await?;
        for statement in ["ANALYZE", "CHECKPOINT"] {
            owner.execute(statement).await?;
        }
        Ok(Gathered { administrator, instructor, course, rare_resource })
    }
}

/// Adds the learners `crowd-1` to `crowd-N`; one of them has a name that nobody else has.
pub async fn add_learners(school: &School<'_>, count: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO users (email, username, password_hash, first_name, last_name, role_id, is_email_verified)
         SELECT 'crowd-' || n || '@bench.test', 'crowd-' || n, password_hash,
           CASE WHEN n = $1 / 2 THEN 'Xenophilius' ELSE first_name END, 'Crowd', role_id, true
         FROM users, generate_series(1, $1) AS n WHERE email = 'learner-1@seed.test'",
    )
    .bind(count)
    .execute(&mut school.owner().await?)
    .await?;
    Ok(())
}

/// A free course of that instructor with one section and two published lessons.
pub async fn new_course(school: &School<'_>, instructor: &Learner, status: &str) -> Result<Uuid> {
    let course = sqlx::query_scalar(
        "WITH course AS (
           INSERT INTO courses (title, slug, description, instructor_id, category_id, created_by, updated_by, status, published_at)
           SELECT 'Crowded', 'crowded-' || gen_random_uuid(), 'Everybody comes.', u.id, c.id, u.id, u.id, $2,
             CASE WHEN $2 = 'published' THEN now() END
           FROM users u, (SELECT id FROM categories ORDER BY id LIMIT 1) AS c WHERE u.id = $1::uuid RETURNING id),
         section AS (INSERT INTO sections (course_id, title) SELECT id, 'First' FROM course RETURNING id),
         lesson AS (
           INSERT INTO lessons (section_id, title, markdown_content, display_order, is_published)
           SELECT id, 'Lesson ' || n, 'Read this.', n, true FROM section, generate_series(0, 1) AS n)
         SELECT id FROM course",
    )
    .bind(&instructor.id)
    .bind(status)
    .fetch_one(&mut school.owner().await?)
    .await?;
    Ok(course)
}

/// The event of a call with a JSON body.
pub fn call(method: &str, path: &str, caller: &Learner, body: Option<&Value>) -> axum::body::Bytes {
    event(method, path, Some(caller), body)
}
