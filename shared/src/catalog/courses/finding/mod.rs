//! Finding courses: filters, words, orders, pages, facets. Their queries are built at run time, since filters and
//! order are optional; a test calls each of them.

mod facets;
mod list;
mod matching;
mod relevance;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use sqlx::types::Json;
use utoipa::ToSchema;

use super::{CourseStatus, DifficultyLevel, Instructor, Visibility};
use crate::catalog::{Language, Slug};
use crate::id::{CategoryId, CourseId, UserId};
use crate::input::{Flag, Money, Repeated, Text, text_enum};
use crate::optional_fields;
use crate::page::{Cursor, Limit};
use crate::version::Version;

pub use facets::{CategoryCount, Facets, ValueCount, facets};
pub use list::list;

text_enum! {
    /// The order of the list; with `-` the other way round.
    Sort {
        Relevance = "relevance", LeastRelevant = "-relevance",
        Newest = "newest", Oldest = "-newest",
        Title = "title", TitleReversed = "-title",
        Price = "price", Dearest = "-price",
        Popular = "popular", LeastPopular = "-popular",
    }
}

text_enum! {
    Price { Free = "free", Paid = "paid" }
}

optional_fields! {
    pub struct Filter {
        /// Words of the title, the tags or the description, `"in this order"`, `or` others, `-without` some; the first eight
        /// words count. Case and accents don't matter, but what has them as typed comes first.
        q: Option<Text<1, 200>>,
        /// A category's slug.
        category: Option<Slug>,
        /// Without regard to case and accents. Repeated, courses that have all of them.
        tag: Repeated<Text<1, 100>>,
        difficulty_level: Option<DifficultyLevel>,
        /// A language tag (BCP 47), in any case; `en` does not stand for `en-GB`.
        language: Option<Language>,
        instructor_id: Option<UserId>,
        price: Option<Price>,
        is_featured: Option<Flag>,
        /// Without it, the published courses that anyone may know of; with it, the caller's own too.
        status: Option<CourseStatus>,
        /// Deleted courses, instead of the others; for administrators.
        deleted: Option<Flag>,
        /// By relevance when words are searched for, else the newest first.
        sort: Option<Sort>,
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

impl Filter {
    fn sort(&self) -> Sort {
        match (self.sort, &self.q) {
            (None, Some(_)) => Sort::Relevance,
            // Without words, all are as relevant.
            (None | Some(Sort::Relevance), None) => Sort::Newest,
            (Some(Sort::LeastRelevant), None) => Sort::Oldest,
            (Some(sort), _) => sort,
        }
    }
}

/// A course in a list.
#[derive(Debug, Clone, Serialize, ToSchema, FromRow)]
pub struct CourseSummary {
    pub id: CourseId,
    pub title: String,
    pub slug: String,
    pub description: String,
    pub thumbnail_url: Option<String>,
    pub instructor_id: UserId,
    #[schema(value_type = Instructor)]
    pub instructor: Json<Instructor>,
    pub category_id: CategoryId,
    pub status: CourseStatus,
    pub visibility: Visibility,
    pub is_featured: bool,
    pub difficulty_level: DifficultyLevel,
    pub language: String,
    pub price: Money,
    pub estimated_hours: Option<Money>,
    #[schema(value_type = Vec<String>)]
    pub tags: Json<Vec<String>>,
    pub published_at: Option<DateTime<Utc>>,
    /// Of a deleted course.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: Version,
    /// Where the order asks for it.
    #[serde(skip)]
    #[sqlx(default)]
    enrollment_count: i32,
    #[serde(skip)]
    #[sqlx(default)]
    relevance: f32,
}

const COLUMNS: &str = "c.id, c.title, c.slug, c.description, c.thumbnail_url, c.instructor_id,
    shown_to_anyone(i) AS instructor, c.category_id, c.status, c.visibility, c.is_featured, c.difficulty_level,
    c.language, c.price, c.estimated_hours, c.tags, c.published_at, c.deleted_at, c.created_at, c.updated_at, c.version";
