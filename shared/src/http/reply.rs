//! What a handler answers.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use utoipa::ToSchema;

use super::Request;
use super::answer::hash;
use crate::error::Result;
use crate::page::Page;
use crate::version::{Tag, Version};

/// A success with its typed body.
#[derive(Debug)]
pub struct Reply<T = ()> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: T,
    /// What is sent in the place of the body, as the type that the headers name.
    pub(super) instead: Option<bytes::Bytes>,
}

/// A body that is not JSON: a page, a script.
#[derive(Debug, Clone)]
pub struct Raw(pub bytes::Bytes);

impl serde::Serialize for Raw {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl ToSchema for Raw {}
impl utoipa::PartialSchema for Raw {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String).into()
    }
}

impl<T> Reply<T> {
    #[must_use]
    pub fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new(), body, instead: None }
    }

    /// 201 with the new object and where it stands.
    #[must_use]
    pub fn created(location: &str, body: T) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }.header(header::LOCATION, location)
    }

    /// Answers 204 without the body unless `shown`: for a caller who may make the change and may not read its object.
    #[must_use]
    pub fn only_if(self, shown: bool) -> Self {
        if shown {
            return self;
        }
        Self { status: StatusCode::NO_CONTENT, instead: Some(bytes::Bytes::new()), ..self }
    }

    /// Adds the object's version as its `ETag`, or the tag that is made of it.
    #[must_use]
    pub fn version(self, tag: impl Into<Tag>) -> Self {
        self.header(header::ETAG, &tag.into().to_string())
    }

    /// With an `ETag` of the object's version and of the body, for a body that shows more than the version stands for:
    /// `"v3-5f0c…"`. `If-Match` compares its version alone.
    ///
    /// # Errors
    /// When the body can't be written as JSON.
    pub fn version_and_body(self, version: Version) -> Result<Self>
    where
        T: serde::Serialize,
    {
        let tag = version.with(&hash(&serde_json::to_vec(&self.body)?));
        Ok(self.version(tag))
    }

    /// Adds a header. A value that no header can hold is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T> Reply<Page<T>> {
    /// A page of a list, with the link to the next one (RFC 8288).
    #[must_use]
    pub fn page<B, Q>(request: &Request<B, Q>, page: Page<T>) -> Self {
        let link = page.next_cursor.as_deref().map(|cursor| format!("<{}>; rel=\"next\"", request.next_page(cursor)));
        let reply = Self::ok(page);
        match link {
            Some(link) => reply.header(header::LINK, &link),
            None => reply,
        }
    }

    /// Answers a page of the list as CSV, with the link to the next one. `header=absent` (RFC 7111) marks the pages after
    /// the first, which don't name the columns.
    #[must_use]
    pub fn sheet<B, Q>(request: &Request<B, Q>, (lines, next_cursor): (bytes::Bytes, Option<String>)) -> Self {
        let page = Page { data: Vec::new(), next_cursor };
        let is_first = !request.has_parameter("cursor");
        let content_type = if is_first { "text/csv; charset=utf-8" } else { "text/csv; charset=utf-8; header=absent" };
        let reply = Self::page(request, page)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_DISPOSITION, "attachment; filename=\"lines.csv\"");
        Self { instead: Some(lines), ..reply }
    }
}

impl Reply<()> {
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::ok(()) }
    }

    /// 202: it is taken, and what follows comes by mail.
    #[must_use]
    pub fn accepted() -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(()) }
    }
}

impl Reply<Raw> {
    #[must_use]
    pub fn raw(content_type: &str, body: impl Into<bytes::Bytes>) -> Self {
        Self::ok(Raw(body.into())).header(header::CONTENT_TYPE, content_type)
    }
}
