//! Pages of a list by keyset: page 10,000 costs what page 1 costs, and rows that come or go between two pages
//! neither repeat nor vanish.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::{DateTime, Datelike, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

use crate::answer_size;
use crate::error::{Error, Fault, Result};
use crate::input::{Invalid, from_text};
use crate::optional_fields;
use crate::sheet::Sheet;

/// How many items a page has: 1 to 100, 20 unless told.
#[derive(Debug, Clone, Copy)]
pub struct Limit(u16);

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl Limit {
    /// One row more than the page shows tells whether there is a next one.
    #[must_use]
    pub fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }

    pub(crate) fn most(self) -> u16 {
        self.0
    }
}

from_text!(Limit, { "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }, |text| match text.parse() {
    Ok(limit @ 1..=100) => Ok(Limit(limit)),
    _ => Err(Invalid::new("out_of_range", "A page has 1 to 100 items.")),
});

/// How many items a page of a list has that also comes as lines for a spreadsheet: 1 to 100, as lines to 10,000, and as
/// many unless told.
#[derive(Debug, Clone, Copy)]
pub struct SheetLimit(u16);

impl Default for SheetLimit {
    fn default() -> Self {
        Self(10_000)
    }
}

impl SheetLimit {
    #[must_use]
    pub fn of_a_sheet(self) -> Limit {
        Limit(self.0)
    }

    /// # Errors
    /// 422 above 100.
    pub fn of_a_page(self) -> Result<Limit> {
        if self.0 <= 100 {
            return Ok(Limit(self.0));
        }
        Err(Error::invalid(Fault::in_query(
            "limit",
            "out_of_range",
            "A page has 1 to 100 items, as text/csv to 10,000.",
        )))
    }
}

from_text!(SheetLimit, { "type": "integer", "minimum": 1, "maximum": 10_000 }, |text| match text.parse() {
    Ok(limit @ 1..=10_000) => Ok(SheetLimit(limit)),
    _ => Err(Invalid::new("out_of_range", "A page has 1 to 100 items, as text/csv to 10,000.")),
});

/// Where the next page begins: the sort keys of the last item, opaque to callers.
#[derive(Debug, Clone)]
pub struct Cursor(String);

from_text!(Cursor, { "type": "string", "minLength": 1, "description": "`next_cursor` of the page before" }, |text| Ok(Cursor(text.to_owned())));

impl From<String> for Cursor {
    fn from(next_cursor: String) -> Self {
        Self(next_cursor)
    }
}

impl Cursor {
    /// The sort keys that it holds.
    ///
    /// # Errors
    /// 422 when it is no cursor of this list.
    pub fn keys<K: DeserializeOwned>(&self) -> Result<K> {
        URL_SAFE_NO_PAD.decode(&self.0).ok().and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(|| {
            Error::invalid(Fault::in_query("cursor", "invalid_cursor", "This is no next_cursor of this list."))
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
    /// What a list without filters is asked.
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

/// Writes keys as a cursor.
///
/// # Errors
/// When they can't be written as JSON.
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
    /// Makes a page of up to one row more than its limit. It is shorter than its limit when more would not fit an
    /// answer.
    ///
    /// # Errors
    /// When a row or its keys can't be written as JSON.
    pub fn new<K: Serialize>(rows: Vec<T>, limit: Limit, keys: impl Fn(&T) -> K) -> Result<Self>
    where
        T: Serialize,
    {
        Self::fitting(rows, usize::from(limit.0), keys)
    }

    /// Makes the first page of a list, of all its rows: as many as fit an answer.
    ///
    /// # Errors
    /// When a row or its keys can't be written as JSON.
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
            if size > answer_size::LARGEST && shown > 0 {
                break;
            }
            shown += 1;
        }
        Self::beginning(rows, shown, keys)
    }

    /// Makes a page of the first `shown` rows.
    pub(crate) fn beginning<K: Serialize>(mut rows: Vec<T>, shown: usize, keys: impl Fn(&T) -> K) -> Result<Self> {
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(cursor(&keys(last))?),
            _ => None,
        };
        Ok(Self { data: rows, next_cursor })
    }

    /// As [`Page::new`], as lines for a spreadsheet, and where the next page begins: there are fewer lines when more
    /// would not fit an answer.
    ///
    /// # Errors
    /// When the keys can't be written as JSON.
    pub fn sheet<K: Serialize>(
        rows: &[T],
        limit: Limit,
        keys: impl Fn(&T) -> K,
        mut sheet: Sheet,
        cells: impl Fn(&T) -> Vec<String>,
    ) -> Result<(Bytes, Option<String>)> {
        let shown = rows.iter().take(usize::from(limit.0)).take_while(|row| sheet.add(&cells(row))).count();
        let next_cursor = match rows[..shown].last() {
            Some(last) if rows.len() > shown => Some(cursor(&keys(last))?),
            _ => None,
        };
        Ok((sheet.finish()?, next_cursor))
    }

    /// A list that always fits one page.
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

/// Reads a time of a cursor, for `deserialize_with`: one that Postgres knows, too.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<DateTime<Utc>, D::Error> {
    let time = DateTime::<Utc>::deserialize(deserializer)?;
    if (1970..=9999).contains(&time.year()) { Ok(time) } else { Err(D::Error::custom("no time of ours")) }
}

/// Reads a text of a cursor, for `deserialize_with`: one that Postgres can hold.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.contains('\0') { Err(D::Error::custom("no text of ours")) } else { Ok(text) }
}
