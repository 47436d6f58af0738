//! The outline: sections and lessons in order, without their content.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Reference, visible};
use crate::error::Result;
use crate::id::CourseId;
use crate::transaction::Read;

#[derive(Debug, Serialize, ToSchema)]
pub struct Outline {
    pub course_id: CourseId,
    pub sections: Vec<OutlineSection>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OutlineSection {
    pub id: Uuid,
    pub title: String,
    /// Its first 200 characters when the descriptions of the course have more than 300,000 in all.
    pub description: Option<String>,
    pub display_order: i32,
    pub lessons: Vec<OutlineLesson>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OutlineLesson {
    pub id: Uuid,
    pub title: String,
    /// Its first 200 characters when the descriptions of the course have more than 300,000 in all.
    pub description: Option<String>,
    pub lesson_type: String,
    pub display_order: i32,
    pub duration_minutes: Option<i32>,
    /// Only staff see lessons that are not.
    pub is_published: bool,
    pub requires_completion: bool,
}

/// Returns the outline as the caller may see it: unpublished lessons show to staff alone. Descriptions are shortened when
/// they would not fit an answer.
///
/// # Errors
/// 404.
pub async fn outline(read: &mut Read, reference: &Reference) -> Result<Outline> {
    let course = visible(read, reference).await?;
    let staff = course.staffed_by(read.caller());
    let sections = sqlx::query_scalar!(
        r#"SELECT coalesce(jsonb_agg(jsonb_build_object(
             'id', s.id, 'title', s.title, 'description', shortened(s.description, size.total), 'display_order', s.display_order,
             'lessons', coalesce(l.lessons, '[]')) ORDER BY s.display_order, s.id), '[]') AS "sections!: Json<Vec<OutlineSection>>"
           FROM sections s
           CROSS JOIN (
             SELECT (SELECT coalesce(sum(length(description)), 0) FROM sections WHERE course_id = $1)
               + (SELECT coalesce(sum(length(o.description)), 0)
                  FROM sections p JOIN lessons o ON o.section_id = p.id WHERE p.course_id = $1) AS total) size
           LEFT JOIN LATERAL (
             SELECT jsonb_agg(jsonb_build_object(
               'id', id, 'title', title, 'description', shortened(description, size.total), 'lesson_type', lesson_type,
               'display_order', display_order, 'duration_minutes', duration_minutes,
               'is_published', is_published, 'requires_completion', requires_completion)
               ORDER BY display_order, id) AS lessons
             FROM lessons WHERE section_id = s.id AND (is_published OR $2)) l ON true
           WHERE s.course_id = $1"#,
        course.id.0,
        staff,
    )
    .fetch_one(read.connection())
    .await?;
    Ok(Outline { course_id: course.id, sections: sections.0 })
}
