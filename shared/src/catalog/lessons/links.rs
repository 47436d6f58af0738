//! A lesson's links to other sites.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::WebUrl;
use crate::fields;
use crate::input::{Describe, Faults, Text};

const MOST: usize = 500;
/// The characters that the titles and addresses of all links may have, so that the lesson fits an answer.
const MOST_CHARACTERS: usize = 100_000;

/// A link to another site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    pub title: String,
    pub url: String,
}

fields! {
    /// A link to another site.
    pub struct NewLink {
        title: Text<1, 255>,
        url: WebUrl,
    }
}

/// The links of a lesson: up to 500, with up to 100,000 characters.
#[derive(Debug, Default)]
pub struct Links(Vec<NewLink>);

impl From<Links> for Vec<Link> {
    fn from(links: Links) -> Self {
        links.0.into_iter().map(|link| Link { title: link.title.into(), url: link.url.into() }).collect()
    }
}

impl Deserr<Faults> for Links {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef) -> Result<Self, Faults> {
        let links = Vec::<NewLink>::deserialize_from_value(value, location)?;
        if links.len() > MOST {
            return Err(Faults::one(location, "too_many", format!("A lesson has up to {MOST} links.")));
        }
        let characters: usize =
            links.iter().map(|link| link.title.as_str().chars().count() + link.url.as_str().chars().count()).sum();
        if characters > MOST_CHARACTERS {
            let detail = format!("The links of a lesson have up to {MOST_CHARACTERS} characters together.");
            return Err(Faults::one(location, "too_long", detail));
        }
        Ok(Self(links))
    }
}

impl Describe for Links {
    fn schema() -> serde_json::Value {
        let mut schema = Vec::<NewLink>::schema();
        schema["maxItems"] = MOST.into();
        schema
    }
}
