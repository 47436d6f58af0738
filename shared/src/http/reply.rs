//! The successful replies of handlers.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use utoipa::ToSchema;

use super::Request;
use super::answer::body_hash;
use crate::error::Result;
use crate::page::Page;
use crate::version::Version;

/// A successful response with a typed body.
#[derive(Debug)]
pub struct Reply<T = ()> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: T,
    /// Bytes sent instead of the body, in the type that `Content-Type` names.
    pub(super) body_override: Option<bytes::Bytes>,
}

/// A body that is not JSON, such as a page or a script.
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
        Self { status: StatusCode::OK, headers: HeaderMap::new(), body, body_override: None }
    }

    /// 201 with the new object, and its address in `Location`.
    #[must_use]
    pub fn created(location: &str, body: T) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }.header(header::LOCATION, location)
    }

    /// Answers 204 without a body unless `shown`: for callers who may change the object but not read it.
    #[must_use]
    pub fn body_only_if(self, shown: bool) -> Self {
        if shown {
            return self;
        }
        Self { status: StatusCode::NO_CONTENT, body_override: Some(bytes::Bytes::new()), ..self }
    }

    /// Sets the object's version as the `ETag`.
    #[must_use]
    pub fn version(self, version: Version) -> Self {
        let tag = version.to_string();
        self.header(header::ETAG, &tag)
    }

    /// Sets an `ETag` made of the object's version and a hash of the body: `"v3-5f0c…"`. Use it when the body also
    /// shows data that the version doesn't cover. `If-Match` compares only the version.
    ///
    /// # Errors
    /// Fails when the body can't be serialized as JSON.
    pub fn version_and_body(self, version: Version) -> Result<Self>
    where
        T: serde::Serialize,
    {
        let tag = version.with(&body_hash(&serde_json::to_vec(&self.body)?));
        Ok(self.header(header::ETAG, &tag))
    }

    /// Adds a header. Ignores a value that a header can't contain.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T> Reply<Page<T>> {
    /// 200 with one page of a list, and the address of the next page in `Link` (RFC 8288).
    #[must_use]
    pub fn page<B, Q>(request: &Request<B, Q>, page: Page<T>) -> Self {
        let link = page.next_cursor.as_deref().map(|cursor| format!("<{}>; rel=\"next\"", request.next_page(cursor)));
        let reply = Self::ok(page);
        match link {
            Some(link) => reply.header(header::LINK, &link),
            None => reply,
        }
    }

    /// 200 with one page of a list as CSV, and the address of the next page in `Link`. Pages after the first have no
    /// header row, which `header=absent` in `Content-Type` says (RFC 7111).
    #[must_use]
    pub fn csv_page<B, Q>(request: &Request<B, Q>, (lines, next_cursor): (bytes::Bytes, Option<String>)) -> Self {
        let page = Page { data: Vec::new(), next_cursor };
        let is_first = !request.has_parameter("cursor");
        let content_type = if is_first { "text/csv; charset=utf-8" } else { "text/csv; charset=utf-8; header=absent" };
        let reply = Self::page(request, page)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_DISPOSITION, "attachment; filename=\"lines.csv\"");
        Self { body_override: Some(lines), ..reply }
    }
}

impl Reply<()> {
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::ok(()) }
    }

    /// 202: the request was accepted, and the result comes by mail.
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
