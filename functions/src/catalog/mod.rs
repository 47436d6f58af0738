//! What is taught: categories, courses, sections, lessons, prerequisites, tags.

pub mod categories;
pub mod courses;
pub mod lessons;
pub mod prerequisites;
pub mod sections;
pub mod tags;
