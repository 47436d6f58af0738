//! A course for tests, created through the API.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::Caller;

/// A course that an instructor is writing.
#[derive(Clone)]
pub struct CourseInProgress {
    pub instructor: Caller,
    pub id: String,
    pub section: String,
    pub lessons: Vec<String>,
}

impl CourseInProgress {
    /// Creates a draft with one section and this number of published lessons, in a new category.
    pub async fn draft(admin: &Caller, instructor: &Caller, lessons: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("Category {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let category = admin.post("/v1/categories", json!({ "name": name })).await.created();
        let course = json!({ "title": "A course", "description": "To test with.", "category_id": category["id"] });
        let id = id_of(&instructor.post("/v1/courses", course).await.created());
        let section = json!({ "title": "A section" });
        let section = id_of(&instructor.post(&format!("/v1/courses/{id}/sections"), section).await.created());
        let mut course = Self { instructor: instructor.clone(), id, section, lessons: Vec::new() };
        for number in 1..=lessons {
            course
                .add_lesson(
                    json!({ "title": format!("Lesson {number}"), "markdown_content": "Text.", "is_published": true }),
                )
                .await;
        }
        course
    }

    /// Creates the same course and publishes it.
    pub async fn published(admin: &Caller, instructor: &Caller, lessons: usize) -> Self {
        let course = Self::draft(admin, instructor, lessons).await;
        course.instructor.post(&course.path("/publish"), json!({})).await.ok();
        course
    }

    /// Adds a lesson and returns its id.
    pub async fn add_lesson(&mut self, lesson: Value) -> String {
        let path = format!("/v1/sections/{}/lessons", self.section);
        let id = id_of(&self.instructor.post(&path, lesson).await.created());
        self.lessons.push(id.clone());
        id
    }

    /// Returns a path below the course's path.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/courses/{}{rest}", self.id)
    }

    /// Updates the course.
    pub async fn change(&self, changes: Value) -> Value {
        self.instructor.patch(&self.path(""), changes).await.ok()
    }

    /// Enrols the learner and returns the enrolment's id.
    pub async fn enroll(&self, learner: &Caller) -> String {
        id_of(&learner.post(&self.path("/enrollments"), json!({})).await.created())
    }

    /// Completes the lesson with this index and returns the response's body.
    pub async fn complete(&self, learner: &Caller, lesson: usize) -> Value {
        learner.put(&format!("/v1/lessons/{}/completion", self.lessons[lesson]), json!({})).await.ok()
    }
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}
