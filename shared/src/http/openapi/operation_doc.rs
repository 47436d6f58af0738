//! The part of the OpenAPI document that follows from a route's types.

use std::any::TypeId;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::{Access, Raw, Route};
use crate::input::Input;
use crate::problem::{self, Kind};

/// The documentation of one operation.
#[derive(Clone)]
pub struct OperationDoc {
    pub operation: &'static str,
    pub summary: &'static str,
    pub statuses: &'static [StatusCode],
    pub problems: &'static [&'static Kind],
    pub(super) body: Option<Body>,
    pub(super) query: Vec<(String, Value)>,
    /// The `content` of a successful response; `None` without a body.
    pub(super) content: Option<Value>,
    /// The schemas that the response refers to, by name.
    pub(super) schemas: Vec<(String, Value)>,
}

#[derive(Clone)]
pub(super) struct Body {
    pub media_types: &'static [&'static str],
    pub schema: Value,
    pub required: bool,
}

impl OperationDoc {
    pub(in crate::http) fn new<B, Q, T>(method: &Method) -> Self
    where
        B: Input,
        Q: Input,
        T: ToSchema + 'static,
    {
        let mut doc = Self {
            operation: "",
            summary: "",
            statuses: match *method {
                Method::POST => &[StatusCode::CREATED],
                Method::DELETE => &[StatusCode::NO_CONTENT],
                _ => &[StatusCode::OK],
            },
            problems: &[],
            body: body::<B>(),
            query: parameters::<Q>(),
            content: None,
            schemas: Vec::new(),
        };
        doc.set_response::<T>();
        doc
    }

    /// Sets the type of the successful response.
    pub(in crate::http) fn set_response<T: ToSchema + 'static>(&mut self) {
        let mut named = Vec::new();
        T::schemas(&mut named);
        self.content = if TypeId::of::<T>() == TypeId::of::<()>() {
            None
        } else if TypeId::of::<T>() == TypeId::of::<Raw>() {
            Some(json!({ "*/*": { "schema": {} } }))
        } else {
            named.push((T::name().into(), T::schema()));
            let reference = format!("#/components/schemas/{}", T::name());
            Some(json!({ "application/json": { "schema": { "$ref": reference } } }))
        };
        self.schemas = named.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    }

    pub(in crate::http) fn also_as(&mut self, media_type: &str) {
        if let Some(content) = &mut self.content {
            content[media_type] = json!({ "schema": { "type": "string" } });
        }
    }

    /// Returns the route's own problems and those that follow from its access and input.
    pub(super) fn all_problems(&self, route: &Route) -> Vec<&'static Kind> {
        let (access, path) = (route.access, route.path);
        let mut kinds = self.problems.to_vec();
        if route.limited {
            kinds.push(&problem::TOO_MANY);
        }
        if access != Access::Open {
            kinds.push(&problem::UNAUTHORIZED);
        }
        if matches!(access, Access::Needs(_)) {
            kinds.push(&problem::FORBIDDEN);
        }
        if path.contains('{') && !kinds.contains(&&problem::NOT_FOUND) {
            kinds.push(&problem::NOT_FOUND);
        }
        if self.body.is_some() {
            kinds.extend([&problem::BODY_TOO_LARGE, &problem::UNSUPPORTED_MEDIA_TYPE]);
        }
        if route.repeatable() {
            kinds.extend([&problem::IDEMPOTENCY_KEY_IN_USE, &problem::IDEMPOTENCY_KEY_REUSED]);
        }
        if self.body.is_some() || !self.query.is_empty() || route.repeatable() {
            kinds.push(&problem::INVALID);
        }
        if access != Access::Open || !self.problems.is_empty() {
            kinds.push(&problem::UNAVAILABLE);
        }
        kinds
    }
}

/// Returns the conditional header that an operation supports.
pub(super) fn conditional_header(route: &Route) -> Option<&'static str> {
    match route.method {
        Method::GET => Some("If-None-Match"),
        _ if route.doc.problems.contains(&&problem::PRECONDITION_FAILED) => Some("If-Match"),
        _ => None,
    }
}

fn body<B: Input>() -> Option<Body> {
    let schema = B::schema();
    let of_fields = schema["type"] == "object";
    if of_fields && schema["properties"] == json!({}) {
        return None;
    }
    let required = !of_fields || schema["required"] != json!([]);
    Some(Body { media_types: B::MEDIA_TYPES, schema, required })
}

fn parameters<Q: Input>() -> Vec<(String, Value)> {
    match Q::schema().get_mut("properties").map(Value::take) {
        Some(Value::Object(properties)) => properties.into_iter().collect(),
        _ => Vec::new(),
    }
}
