//! Calls that meet at one row, beside the same calls over many.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::json;
use uuid::Uuid;

use super::crowd::{call, new_course};
use super::replay::{Figures, Replay};
use crate::scale::recording::Statement;
use crate::scale::school::{Learner, School};

/// As many clients as Lambda runs at a busy time.
pub const CLIENTS: usize = 64;
const MANY_CLIENTS: usize = 200;
/// Calls in each run.
pub const CALLS: usize = 3_200;

pub async fn measure(school: &School<'_>) -> Result<()> {
    println!("\n{:<34} {:^36}   {:^36}", "", "one row", "many rows");
    let columns = format!("{:>9} {:>8} {:>9} {:>7}", "a second", "p50 ms", "p99 ms", "errors");
    println!("{:<34} {columns}   {columns}   one ÷ many", "calls at once");
    let instructor = school.user("instructor").await?;
    for clients in [CLIENTS, MANY_CLIENTS] {
        enrolling(school, &instructor, clients).await?;
    }
    completing(school, &instructor).await?;
    publishing(school, &instructor).await
}

async fn enrolling(school: &School<'_>, instructor: &Learner, clients: usize) -> Result<()> {
    let one = new_course(school, instructor, "published").await?;
    let statements = Enrolling::record(school, one).await?;
    let one = statements.replay(&format!("'{one}'::uuid"), clients, CALLS).run(school).await?;
    let many = statements.replay(MANY_COURSES, clients, CALLS).run(school).await?;
    tell(&format!("enrol, {clients} clients"), &one, &many);
    Ok(())
}

/// The course of a call, where calls spread over many.
pub const MANY_COURSES: &str =
    "(SELECT c.id FROM bench_many c WHERE c.i = 1 + u.n % (SELECT count(*) FROM bench_many))";

/// The statements of one learner who enrolled in one course.
pub struct Enrolling {
    statements: Vec<Statement>,
    learner: Learner,
    course: Uuid,
}

impl Enrolling {
    pub async fn record(school: &School<'_>, course: Uuid) -> Result<Self> {
        let (first, learner) = (school.learner().await?, school.learner().await?);
        let path = format!("/v1/courses/{course}/enrollments");
        let body = json!({});
        let events = [&first, &learner].map(|learner| call("POST", &path, learner, Some(&body)));
        let statements = school.statements("enroll", &events).await?;
        school
            .prepare(&[
                "DROP TABLE IF EXISTS bench_many",
                "CREATE TABLE bench_many AS SELECT id, row_number() OVER (ORDER BY md5(id::text)) AS i FROM courses
                 WHERE status = 'published' AND visibility = 'public' AND price = 0 AND prerequisites = '[]' AND slug LIKE 'seed-%'",
                "CREATE UNIQUE INDEX ON bench_many (i)",
            ])
            .await?;
        Ok(Self { statements, learner, course })
    }

    /// Learners who enrol, each in the course of that expression.
    pub fn replay(&self, course: &str, clients: usize, calls: usize) -> Replay<'_> {
        Replay {
            statements: &self.statements,
            varying: BTreeMap::from([
                (self.learner.id.clone(), "learner"),
                (self.course.to_string(), "course"),
            ]),
            rows: format!(
                "SELECT u.n, u.id AS learner, {course} AS course
                 FROM (SELECT id, row_number() OVER (ORDER BY md5(id::text)) AS n FROM users WHERE username LIKE 'crowd-%') AS u
                 WHERE u.n <= {calls}"
            ),
            clients,
            calls: calls / clients,
        }
    }
}

/// Those who enrolled in one course complete a lesson of it, and those who enrolled in many before, theirs.
async fn completing(school: &School<'_>, instructor: &Learner) -> Result<()> {
    let course = new_course(school, instructor, "published").await?;
    let enrolling = Enrolling::record(school, course).await?;
    enrolling.replay(&format!("'{course}'::uuid"), CLIENTS, CALLS).run(school).await?;
    let completing = Completing::record(school, &enrolling).await?;
    let one = completing.replay(&format!("e.course_id = '{course}'"), CLIENTS, CALLS).run(school).await?;
    let many = completing.replay(IN_MANY_COURSES, CLIENTS, CALLS).run(school).await?;
    tell("complete a lesson, 64 clients", &one, &many);
    Ok(())
}

/// The enrolments that spread over many courses.
pub const IN_MANY_COURSES: &str = "e.course_id IN (SELECT id FROM bench_many)";

/// The statements of one learner who completed a lesson.
pub struct Completing<'a> {
    statements: Vec<Statement>,
    enrolling: &'a Enrolling,
    lesson: Uuid,
    enrollment: Uuid,
}

impl<'a> Completing<'a> {
    pub async fn record(school: &School<'_>, enrolling: &'a Enrolling) -> Result<Self> {
        let Enrolling { learner, course, .. } = enrolling;
        let (first, lesson) = lessons(school, *course).await?;
        let body = json!({});
        let events =
            [first, lesson].map(|id| call("PUT", &format!("/v1/lessons/{id}/completion"), learner, Some(&body)));
        let statements = school.statements("complete-lesson", &events).await?;
        let enrollment = sqlx::query_scalar("SELECT id FROM enrollments WHERE user_id = $1::uuid AND course_id = $2")
            .bind(&learner.id)
            .bind(course)
            .fetch_one(&mut school.owner().await?)
            .await?;
        Ok(Self { statements, enrolling, lesson, enrollment })
    }

    /// Learners who complete the first lesson of the course of their enrolment, which fulfils the condition.
    pub fn replay(&self, condition: &str, clients: usize, calls: usize) -> Replay<'_> {
        Replay {
            statements: &self.statements,
            varying: BTreeMap::from([
                (self.enrolling.learner.id.clone(), "learner"),
                (self.enrolling.course.to_string(), "course"),
                (self.lesson.to_string(), "lesson"),
                (self.enrollment.to_string(), "enrollment"),
            ]),
            rows: format!(
                "SELECT row_number() OVER (ORDER BY md5(e.id::text)) AS n, e.user_id AS learner, e.course_id AS course,
                   e.id AS enrollment, (SELECT l.id FROM lessons l JOIN sections s ON s.id = l.section_id
                     WHERE s.course_id = e.course_id AND l.is_published ORDER BY s.display_order, l.display_order LIMIT 1) AS lesson
                 FROM enrollments e JOIN users u ON u.id = e.user_id AND u.username LIKE 'crowd-%'
                 WHERE {condition} AND NOT EXISTS (SELECT FROM lesson_completions c WHERE c.enrollment_id = e.id) LIMIT {calls}"
            ),
            clients,
            calls: calls / clients,
        }
    }
}

async fn lessons(school: &School<'_>, course: Uuid) -> Result<(Uuid, Uuid)> {
    let lessons: Vec<Uuid> = sqlx::query_scalar(
        "SELECT l.id FROM lessons l JOIN sections s ON s.id = l.section_id WHERE s.course_id = $1 ORDER BY l.display_order",
    )
    .bind(course)
    .fetch_all(&mut school.owner().await?)
    .await?;
    Ok((*lessons.first().context("no lesson")?, *lessons.get(1).context("no second lesson")?))
}

async fn publishing(school: &School<'_>, instructor: &Learner) -> Result<()> {
    let (first, recorded) =
        (new_course(school, instructor, "draft").await?, new_course(school, instructor, "draft").await?);
    let events = [first, recorded]
        .map(|draft| call("POST", &format!("/v1/courses/{draft}/publish"), instructor, Some(&json!({}))));
    let statements = school.statements("courses", &events).await?;
    let of_many = "(SELECT c.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS i, count(*) OVER () AS total
        FROM categories WHERE slug LIKE 'seed-%') AS c WHERE c.i = 1 + n % c.total)";
    for (slug, category) in [("one", "(SELECT id FROM categories WHERE slug = 'seed-databases')"), ("many", of_many)] {
        let insert = format!(
            "INSERT INTO courses (title, slug, description, instructor_id, category_id, created_by, updated_by)
             SELECT 'Draft ' || n, 'draft-{slug}-' || n, 'To be published.', '{0}', {category}, '{0}', '{0}'
             FROM generate_series(1, {CALLS}) AS n",
            instructor.id
        );
        school.prepare(&[&insert]).await?;
    }
    let mut figures = Vec::new();
    for slug in ["one", "many"] {
        let replay = Replay {
            statements: &statements,
            varying: BTreeMap::from([(recorded.to_string(), "course")]),
            rows: format!(
                "SELECT row_number() OVER (ORDER BY md5(id::text)) AS n, id AS course FROM courses WHERE slug LIKE 'draft-{slug}-%'"
            ),
            clients: CLIENTS,
            calls: CALLS / CLIENTS,
        };
        figures.push(replay.run(school).await?);
    }
    let [one, many] = figures.as_slice() else { return Ok(()) };
    tell("publish in a category, 64 clients", one, many);
    Ok(())
}

fn tell(name: &str, one: &Figures, many: &Figures) {
    let cells = |figures: &Figures| {
        let Figures { rate, p50, p99, errors } = figures;
        format!("{rate:>9.0} {p50:>8.1} {p99:>9.1} {errors:>7}")
    };
    println!("{name:<34} {}   {}   {:>10.2}", cells(one), cells(many), one.rate / many.rate);
}
