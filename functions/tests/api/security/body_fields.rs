//! Bodies accept only the documented fields, and responses contain no secrets.

use serde_json::{Value, json};

use super::matrix::called;
use crate::harness::Lyceum;

/// Fields that no request may set, on any object (the exceptions are listed in a test below).
const FOREIGN: [&str; 20] = [
    "id",
    "role_id",
    "role",
    "permissions",
    "is_active",
    "is_email_verified",
    "status",
    "instructor_id",
    "created_by",
    "updated_by",
    "created_at",
    "updated_at",
    "deleted_at",
    "version",
    "completion_percentage",
    "completed_at",
    "password_hash",
    "user_id",
    "email_verification_token",
    "published_at",
];
/// Fields that no response may contain: hashes, tokens, and internal columns.
const SECRET: [&str; 8] = [
    "password",
    "password_hash",
    "token",
    "refresh_token",
    "access_token",
    "email_verification_token",
    "email_verification_expires_at",
    "erased_at",
];

/// Collects the names of all members at any depth.
fn members(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            names.push(name.clone());
            members(value, names);
        }),
        Value::Array(values) => values.iter().for_each(|value| members(value, names)),
        _ => {}
    }
}

#[tokio::test]
async fn bodies_refuse_internal_fields() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let document = admin.get("/openapi.json").await.ok();
    let nothing = "01920000-0000-7000-8000-000000000000";
    let mut bodies = 0;
    for function in lyceum_functions::ALL.iter() {
        for route in function.routes().into_iter().filter(|route| route.method != "GET") {
            let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            let content = &operation["requestBody"]["content"];
            if content.is_object() && content["application/json"].is_null() {
                continue; // a CSV import has no members
            }
            let known = &content["application/json"]["schema"]["properties"];
            let foreign: Vec<_> = FOREIGN.into_iter().filter(|name| known[*name].is_null()).collect();
            assert!(foreign.len() >= FOREIGN.len() - 4, "{} {} takes {known}", route.method, route.path);
            let body: Value = foreign.iter().map(|name| ((*name).to_owned(), json!("admin"))).collect();
            let path: Vec<_> =
                route.path.split('/').map(|part| if part.starts_with('{') { nothing } else { part }).collect();
            let faults = admin.send(route.method.as_str(), &path.join("/"), Some(body)).await.faults();
            if faults.iter().all(|fault| fault == " wrong_type") {
                continue; // a list of ids has no members
            }
            for name in foreign {
                assert!(
                    faults.contains(&format!("/{name} unknown_field")),
                    "{} {} {name}: {faults:?}",
                    route.method,
                    route.path
                );
            }
            bodies += 1;
        }
    }
    assert!(bodies > 40, "{bodies} routes were called");
}

#[tokio::test]
async fn only_the_listed_bodies_accept_fields_that_others_refuse() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let mut taken = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let properties = schema["properties"].as_object().into_iter().flatten();
            let names = properties.filter(|(name, _)| FOREIGN.contains(&name.as_str()));
            taken.extend(names.map(|(name, _)| format!("{} {path} {name}", method.to_uppercase())));
            assert!(
                schema.is_null() || schema["type"] == "array" || schema["additionalProperties"] == false,
                "{method} {path}"
            );
        }
    }
    taken.sort();
    let expected = [
        "PATCH /v1/roles/{role_id} permissions",
        "PATCH /v1/users/{user_id} is_active",
        "POST /v1/courses/{course_id}/enrollments user_id",
        "POST /v1/roles permissions",
        "POST /v1/users role",
        "PUT /v1/users/{user_id}/role role",
        "PUT /v1/users/{user_id}/role role_id",
    ];
    assert_eq!(taken, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_response_contains_a_hash_or_a_token() {
    for called in called().await {
        let gives_tokens = ["/v1/auth/login", "/v1/auth/refresh"].contains(&called.cell.path);
        if gives_tokens || called.cell.path == "/openapi.json" {
            continue; // these return tokens, and the document contains field names
        }
        let mut names = Vec::new();
        members(&called.answer.body, &mut names);
        let secret: Vec<_> = names.iter().filter(|name| SECRET.contains(&name.as_str())).collect();
        assert!(secret.is_empty(), "{secret:?} in {called}");
        assert!(!called.answer.text.contains("$argon2"), "{called}");
    }
}
