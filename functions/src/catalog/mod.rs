//! What is taught: categories, courses, sections, lessons.

pub mod categories;
pub mod courses;
pub mod lessons;
pub mod sections;
