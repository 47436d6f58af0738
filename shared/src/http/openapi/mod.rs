//! Generates the OpenAPI 3.1 document from the tables of routes.

mod operation_doc;

use std::collections::BTreeMap;

pub use operation_doc::OperationDoc;
use serde_json::{Map, Value, json};

use super::{Access, Route, idempotency};
use crate::problem;

/// A group of operations: one tag of the document.
pub struct Group {
    pub name: &'static str,
    pub about: &'static str,
    /// The functions' names, each with its routes.
    pub functions: Vec<(&'static str, Vec<Route>)>,
}

/// Returns the document. `examples` maps operation ids to example request bodies.
#[must_use]
pub fn document(groups: &[Group], examples: &Value) -> Value {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut schemas = Map::new();
    let tags: Vec<_> = groups.iter().map(|group| json!({ "name": group.name, "description": group.about })).collect();
    for group in groups {
        for (function, routes) in &group.functions {
            for route in routes {
                for (name, schema) in &route.doc.schemas {
                    schemas.entry(name.clone()).or_insert_with(|| schema.clone());
                }
                let mut operation = operation(route, &examples[route.doc.operation]);
                operation["tags"] = json!([group.name]);
                operation["x-function"] = json!(function); // the Lambda function that answers
                let path = paths.entry(route.path.replace("+}", "}")).or_default();
                path.insert(route.method.as_str().to_ascii_lowercase(), operation);
            }
        }
    }
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lyceum",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The backend of a learning platform: accounts, courses, enrolment, progress and media.\n\n\
                `POST /v1/auth/login` returns an access token, valid for 15 minutes; send it as `Authorization: Bearer`. Errors \
                are `application/problem+json` (RFC 9457): `type` is for programs, `detail` for people.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "examples": problem_examples(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` of `POST /v1/auth/login`.",
                },
            },
        },
    })
}

fn operation(route: &Route, example: &Value) -> Value {
    let doc = &route.doc;
    let mut operation = json!({
        "operationId": doc.operation,
        "summary": doc.summary,
        "parameters": parameters(route),
        "responses": responses(route),
        "security": match route.access {
            Access::Open => json!([]),
            Access::Public => json!([{}, { "bearer": [] }]),
            Access::SignedIn | Access::Needs(_) => json!([{ "bearer": [] }]),
        },
    });
    if let Some(body) = &doc.body {
        let mut content = json!({ "schema": body.schema });
        if !example.is_null() {
            content["example"] = example.clone();
        }
        let content: Map<_, _> =
            body.media_types.iter().map(|media_type| ((*media_type).to_owned(), content.clone())).collect();
        operation["requestBody"] = json!({ "required": body.required, "content": content });
    }
    if let Access::Needs(permission) = route.access {
        operation["description"] = json!(format!("Requires the permission `{}`.", permission.as_str()));
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(|name| {
        let name = name.trim_end_matches('+');
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let in_query = route
        .doc
        .query
        .iter()
        .map(|(name, schema)| json!({ "name": name, "in": "query", "required": false, "schema": schema }));
    let mut parameters: Vec<_> = in_path.chain(in_query).collect();
    if let Some(header) = operation_doc::conditional_header(route) {
        parameters.push(json!({ "name": header, "in": "header", "required": false, "schema": { "type": "string" } }));
    }
    if route.repeatable() {
        parameters.push(json!({
            "name": idempotency::NAME,
            "in": "header",
            "required": false,
            "description": "Makes the call safe to repeat for 24 hours: sent again with the same key and body, it changes nothing and returns the first response.",
            "schema": { "type": "string", "minLength": 1, "maxLength": idempotency::MAX_KEY_LENGTH },
        }));
    }
    parameters
}

fn responses(route: &Route) -> Map<String, Value> {
    let mut responses = Map::new();
    for status in route.doc.statuses {
        let mut response = json!({ "description": status.canonical_reason().unwrap_or_default() });
        if let Some(content) = &route.doc.content
            && *status != http::StatusCode::NO_CONTENT
        {
            response["content"] = content.clone();
        }
        if status.as_u16() == 201 {
            response["headers"] = json!({ "Location": { "schema": { "type": "string" } } });
        }
        responses.insert(status.as_str().to_owned(), response);
    }
    if route.method == http::Method::GET {
        responses.insert("304".to_owned(), json!({ "description": "Not Modified" }));
    }
    for kind in route.doc.all_problems(route) {
        let response = responses.entry(kind.status.to_string()).or_insert_with(|| problem_response(""));
        let described = response["description"].as_str().unwrap_or_default();
        let separator = if described.is_empty() { "" } else { "; " };
        response["description"] = json!(format!("{described}{separator}`{}`: {}", kind.name, kind.title));
        response["content"]["application/problem+json"]["examples"][kind.name] =
            json!({ "$ref": format!("#/components/examples/{}", kind.name) });
    }
    responses.insert("default".to_owned(), problem_response("Any other problem"));
    responses
}

fn problem_response(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

/// Returns an example of each problem, by name.
fn problem_examples() -> Map<String, Value> {
    let examples = problem::ALL.iter().map(|kind| {
        let mut value = json!({
            "type": format!("/problems/{}", kind.name),
            "title": kind.title,
            "status": kind.status,
            "detail": kind.meaning,
            "instance": "JKJaXmPLvHcESHA=",
        });
        if *kind == &problem::INVALID {
            value["detail"] = json!("`title` is required.");
            value["errors"] = json!([{ "pointer": "/title", "code": "required", "detail": "`title` is required." }]);
        }
        (kind.name.to_owned(), json!({ "summary": kind.title, "value": value }))
    });
    examples.collect()
}

fn problem_schema() -> Value {
    let types: Vec<_> = problem::ALL.iter().map(|kind| format!("/problems/{}", kind.name)).collect();
    json!({
        "type": "object",
        "description": "RFC 9457. Some problems have additional members.",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": { "type": "string", "enum": types },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "The request id" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "A JSON Pointer (RFC 6901) into the body. For a query parameter or a header, a slash and its name" },
                        "parameter": { "type": "string", "description": "The name of the query parameter" },
                        "header": { "type": "string", "description": "The name of the header" },
                        "code": { "type": "string" },
                        "detail": { "type": "string" },
                    },
                },
            },
        },
        "additionalProperties": true,
    })
}
