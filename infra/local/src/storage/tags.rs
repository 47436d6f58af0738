//! Object tags. s3s-fs doesn't support them, so they are stored beside the `ETag`.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use s3s::dto::Tag;
use s3s::{S3Result, s3_error};
use serde_json::{Map, Value};

use super::staged::Place;

const FIELD: &str = "tags";
/// The limits of S3.
const MAX_TAGS: usize = 10;
const MAX_KEY_CHARS: usize = 128;
const MAX_VALUE_CHARS: usize = 256;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Parses the header `x-amz-tagging`.
    pub fn of_header(header: &str) -> S3Result<Self> {
        Self::checked(form_urlencoded::parse(header.as_bytes()).into_owned())
    }

    pub fn of_set(set: Vec<Tag>) -> S3Result<Self> {
        Self::checked(set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())))
    }

    fn checked(pairs: impl Iterator<Item = (String, String)>) -> S3Result<Self> {
        let mut tags = BTreeMap::new();
        for (key, value) in pairs {
            let fits = (1..=MAX_KEY_CHARS).contains(&key.chars().count()) && value.chars().count() <= MAX_VALUE_CHARS;
            if !fits || tags.insert(key, value).is_some() {
                return Err(s3_error!(InvalidTag));
            }
        }
        if tags.len() > MAX_TAGS {
            return Err(s3_error!(InvalidTag, "Object tags cannot be greater than 10"));
        }
        Ok(Self(tags))
    }

    pub fn into_set(self) -> Vec<Tag> {
        self.0.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
    }

    pub fn read(place: &Place) -> io::Result<Self> {
        let tags = internal(place)?.remove(FIELD).unwrap_or_else(|| Map::new().into());
        Ok(Self(serde_json::from_value(tags)?))
    }

    pub fn write(&self, place: &Place) -> io::Result<()> {
        let mut all = internal(place)?;
        all.insert(FIELD.to_owned(), serde_json::to_value(&self.0)?);
        let new = place.internal.with_extension("new");
        fs::write(&new, Value::from(all).to_string())?;
        fs::rename(new, &place.internal)
    }
}

fn internal(place: &Place) -> io::Result<Map<String, Value>> {
    match fs::read(&place.internal) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(error),
    }
}
