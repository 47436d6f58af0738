//! What is taught: categories, courses, sections and lessons.

pub mod categories;
pub mod courses;
mod language;
pub mod lessons;
mod markdown;
pub mod order;
mod policy;
pub mod prerequisites;
pub mod sections;
mod slug;
pub mod tags;
mod web_url;

pub use language::Language;
pub(crate) use policy::Standing;
pub use slug::Slug;
pub use web_url::WebUrl;
