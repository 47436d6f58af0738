//! What is taught: categories, courses, sections, lessons, prerequisites, tags.

pub mod categories;
pub mod courses;
pub mod lessons;
pub mod prerequisites;
pub mod sections;
pub mod tags;

use crate::Domain;

pub const DOMAIN: Domain = Domain {
    folder: "catalog",
    name: "Catalogue",
    about: "Categories, courses, sections, lessons, prerequisites and tags: anyone finds and reads what is published, and the staff of a course write it.",
    functions: functions![categories, courses, sections, lessons, prerequisites, tags,],
};
