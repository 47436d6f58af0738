//! Keyset pagination: page 10,000 costs as much as page 1, and rows that are added or removed between two pages don't
//! make others repeat or disappear.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::{DateTime, Datelike, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

use crate::answer_size;
use crate::csv_export::CsvPage;
use crate::error::{Error, Fault, Result};
use crate::input::{Invalid, from_text};
use crate::optional_fields;

/// The number of items on a page: 1 to 100, by default 20.
#[derive(Debug, Clone, Copy)]
pub struct Limit(u16);

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl Limit {
    /// Returns the limit plus one: the extra row shows whether there is a next page.
    #[must_use]
    pub fn plus_one(self) -> i64 {
        i64::from(self.0) + 1
    }

    pub(crate) fn get(self) -> u16 {
        self.0
    }
}

from_text!(Limit, { "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }, |text| match text.parse() {
    Ok(limit @ 1..=100) => Ok(Limit(limit)),
    _ => Err(Invalid::new("out_of_range", "A page has 1 to 100 items.")),
});

/// The page size of a list that is also available as CSV: 1 to 100 as JSON, 1 to 10,000 as CSV. By default 10,000.
#[derive(Debug, Clone, Copy)]
pub struct CsvLimit(u16);

impl Default for CsvLimit {
    fn default() -> Self {
        Self(10_000)
    }
}

impl CsvLimit {
    #[must_use]
    pub fn for_csv(self) -> Limit {
        Limit(self.0)
    }

    /// # Errors
    /// 422 above 100.
    pub fn for_json(self) -> Result<Limit> {
        if self.0 <= 100 {
            return Ok(Limit(self.0));
        }
        Err(Error::invalid(Fault::in_query(
            "limit",
            "out_of_range",
            "A page has 1 to 100 items, or 1 to 10,000 as text/csv.",
        )))
    }
}

from_text!(CsvLimit, { "type": "integer", "minimum": 1, "maximum": 10_000 }, |text| match text.parse() {
    Ok(limit @ 1..=10_000) => Ok(CsvLimit(limit)),
    _ => Err(Invalid::new("out_of_range", "A page has 1 to 100 items, or 1 to 10,000 as text/csv.")),
});

/// The position after which the next page begins: the sort keys of the last item, opaque to clients.
#[derive(Debug, Clone)]
pub struct Cursor(String);

from_text!(Cursor, { "type": "string", "minLength": 1, "description": "The `next_cursor` of the previous page" }, |text| Ok(Cursor(text.to_owned())));

impl From<String> for Cursor {
    fn from(next_cursor: String) -> Self {
        Self(next_cursor)
    }
}

impl Cursor {
    /// Decodes the sort keys.
    ///
    /// # Errors
    /// 422 when the cursor doesn't belong to this list.
    pub fn keys<K: DeserializeOwned>(&self) -> Result<K> {
        URL_SAFE_NO_PAD.decode(&self.0).ok().and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(|| {
            Error::invalid(Fault::in_query("cursor", "invalid_cursor", "Send the next_cursor of a page of this list."))
        })
    }
}

/// Returns the sort keys that a page begins after. Without a cursor these are `K::default()`, which must stand before all
/// rows: a query then has one condition for all pages. `$1 IS NULL OR key > $1` would be a filter, not an index condition, in
/// the plan that Postgres makes for all values and uses from the sixth call on a connection.
///
/// # Errors
/// 422 for a cursor of another list.
pub fn after<K: DeserializeOwned + Default>(cursor: Option<&Cursor>) -> Result<K> {
    cursor.map_or_else(|| Ok(K::default()), Cursor::keys)
}

/// The sort keys of a list that shows the newest rows first: `(created_at, id)`, both descending.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Newest(#[serde(deserialize_with = "time")] pub DateTime<Utc>, pub Uuid);

impl Default for Newest {
    fn default() -> Self {
        Self(DateTime::<Utc>::MAX_UTC, Uuid::max())
    }
}

optional_fields! {
    /// The query parameters of a list without filters.
    pub struct Paging {
        limit: Limit,
        cursor: Option<Cursor>,
    }
}

impl Paging {
    /// Returns the sort keys that the page begins after, as [`after`] does.
    ///
    /// # Errors
    /// 422 for a cursor of another list.
    pub fn after<K: DeserializeOwned + Default>(&self) -> Result<K> {
        after(self.cursor.as_ref())
    }
}

/// Encodes sort keys as a cursor.
///
/// # Errors
/// Fails when the keys can't be serialized as JSON.
pub(crate) fn cursor(keys: &impl Serialize) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(keys)?))
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Creates a page from at most `limit` + 1 rows. The page ends early when more rows would not fit into a response.
    ///
    /// # Errors
    /// Fails when a row or its keys can't be serialized as JSON.
    pub fn new<K: Serialize>(rows: Vec<T>, limit: Limit, keys: impl Fn(&T) -> K) -> Result<Self>
    where
        T: Serialize,
    {
        Self::fitting(rows, usize::from(limit.0), keys)
    }

    /// Creates the first page from all rows of a list: as many as fit into a response.
    ///
    /// # Errors
    /// Fails when a row or its keys can't be serialized as JSON.
    pub fn first<K: Serialize>(rows: Vec<T>, keys: impl Fn(&T) -> K) -> Result<Self>
    where
        T: Serialize,
    {
        let all = rows.len();
        Self::fitting(rows, all, keys)
    }

    fn fitting<K: Serialize>(rows: Vec<T>, most: usize, keys: impl Fn(&T) -> K) -> Result<Self>
    where
        T: Serialize,
    {
        let (mut size, mut shown) = (0, 0);
        for row in rows.iter().take(most) {
            size += answer_size::of(row)? + 1; // with a comma
            if size > answer_size::MAX_BYTES && shown > 0 {
                break;
            }
            shown += 1;
        }
        Self::truncated(rows, shown, keys)
    }

    /// Creates a page of the first `shown` rows.
    pub(crate) fn truncated<K: Serialize>(mut rows: Vec<T>, shown: usize, keys: impl Fn(&T) -> K) -> Result<Self> {
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(cursor(&keys(last))?),
            _ => None,
        };
        Ok(Self { data: rows, next_cursor })
    }

    /// Like [`Page::new`], but returns the rows as CSV, with the cursor of the next page. The page ends early when more
    /// rows would not fit into a response.
    ///
    /// # Errors
    /// Fails when the keys can't be serialized as JSON.
    pub fn csv<K: Serialize>(
        rows: &[T],
        limit: Limit,
        keys: impl Fn(&T) -> K,
        mut csv: CsvPage,
        cells: impl Fn(&T) -> Vec<String>,
    ) -> Result<(Bytes, Option<String>)> {
        let shown = rows.iter().take(usize::from(limit.0)).take_while(|row| csv.add(&cells(row))).count();
        let next_cursor = match rows[..shown].last() {
            Some(last) if rows.len() > shown => Some(cursor(&keys(last))?),
            _ => None,
        };
        Ok((csv.finish()?, next_cursor))
    }

    /// Creates the only page of a list that always fits one page.
    #[must_use]
    pub fn complete(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }
}

impl<T: utoipa::ToSchema> utoipa::ToSchema for Page<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        schemas.push((T::name().into(), T::schema()));
        T::schemas(schemas);
    }
}

impl<T: utoipa::ToSchema> utoipa::PartialSchema for Page<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::{
            Ref,
            schema::{ArrayBuilder, SchemaType},
        };
        ObjectBuilder::new()
            .property("data", ArrayBuilder::new().items(Ref::from_schema_name(T::name())))
            .property(
                "next_cursor",
                ObjectBuilder::new().schema_type(SchemaType::Array(vec![Type::String, Type::Null])),
            )
            .required("data")
            .required("next_cursor")
            .into()
    }
}

/// Reads a time from a cursor, for `deserialize_with`. Fails outside the years 1970 to 9999.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<DateTime<Utc>, D::Error> {
    let time = DateTime::<Utc>::deserialize(deserializer)?;
    if (1970..=9999).contains(&time.year()) { Ok(time) } else { Err(D::Error::custom("the time is out of range")) }
}

/// Reads a text from a cursor, for `deserialize_with`. Fails when it contains a NUL, which Postgres can't store.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.contains('\0') { Err(D::Error::custom("the text contains a NUL")) } else { Ok(text) }
}
