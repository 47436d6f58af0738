use crate::harness::Lyceum;

#[tokio::test]
async fn the_document_lists_every_operation_with_a_name() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = std::collections::HashSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(!name.is_empty() && names.insert(name.to_owned()), "{method} {path} is named {name:?}");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
        }
    }
    assert!(names.contains("complete_lesson"));
}

#[tokio::test]
async fn the_values_of_an_answer_are_those_of_the_document() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    for (schema, values) in [
        ("CourseStatus", vec!["draft", "published", "archived"]),
        ("VideoProvider", vec!["youtube", "vimeo", "self_hosted"]),
        ("EnrollmentStatus", vec!["active", "completed", "dropped"]),
    ] {
        assert_eq!(document["components"]["schemas"][schema]["enum"], serde_json::json!(values), "{schema}");
    }
    let new = &document["paths"]["/v1/courses"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(new["required"], serde_json::json!(["title", "description", "category_id"]));
    assert_eq!(new["additionalProperties"], false);
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let lyceum = Lyceum::new().await;
    let answer = lyceum.anonymous().get("/openapi.json").await;
    for reference in answer.text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(answer.body.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_docs_bring_all_they_need() {
    let lyceum = Lyceum::new().await;
    let page = lyceum.anonymous().get("/docs").await.is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("<base href=\"/docs/\">"));
    assert!(!page.text.contains("https://"), "nothing comes from elsewhere");
    for file in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        lyceum.anonymous().get(&format!("/docs/{file}")).await.is(200);
    }
    lyceum.anonymous().get("/docs/../secret").await.problem(404, "not-found");
}

#[tokio::test]
async fn each_problem_has_its_page() {
    let lyceum = Lyceum::new().await;
    for kind in lyceum::problem::ALL {
        let page = lyceum.anonymous().get(&format!("/problems/{}", kind.name)).await.is(200);
        assert!(page.text.contains(kind.title));
    }
    lyceum.anonymous().get("/problems/none").await.problem(404, "not-found");
}

#[tokio::test]
async fn operations_are_grouped_by_domain_with_a_sentence_for_each() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let tags = document["tags"].as_array().unwrap();
    let names: Vec<_> = tags.iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Accounts", "Catalogue", "Learning", "Media", "Operating"]);
    assert!(tags.iter().all(|tag| tag["description"].as_str().unwrap().ends_with('.')));
    for (path, tag) in [
        ("/v1/auth/login", "Accounts"),
        ("/v1/courses", "Catalogue"),
        ("/v1/courses/{course_id}/enrollments", "Learning"),
        ("/v1/lessons/{lesson_id}/uploads", "Media"),
        ("/v1/admin/database", "Operating"),
    ] {
        for operation in document["paths"][path].as_object().unwrap().values() {
            assert_eq!(operation["tags"], serde_json::json!([tag]), "{path}");
        }
    }
}

#[tokio::test]
async fn every_body_has_an_example_that_the_api_reads() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let document = admin.get("/openapi.json").await.ok();
    let mut examples = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
            for (media_type, content) in content {
                let example = content.get("example").unwrap_or_else(|| panic!("{method} {path} has no example"));
                let body = example.as_str().map_or_else(|| example.to_string(), ToOwned::to_owned);
                let id = "0192f3a4-0000-7000-8000-000000000009";
                let segments = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
                let path = segments.collect::<Vec<_>>().join("/");
                let answer = admin.send_raw(&method.to_uppercase(), &path, media_type, Some(body.as_bytes())).await;
                assert_ne!(answer.status, 415, "{method} {path}");
                // Ids in it are made up; all else is as it should be.
                let is_unknown =
                    |fault: &String| fault.split_once(' ').is_some_and(|(_, code)| code.starts_with("unknown_c"));
                assert!(
                    answer.body["type"] != "/problems/invalid" || answer.clone().faults().iter().all(is_unknown),
                    "{method} {path}: {}",
                    answer.text
                );
                examples += 1;
            }
        }
    }
    assert!(examples > 40, "{examples}");
}

#[tokio::test]
async fn every_problem_of_an_operation_has_an_example() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let update = &document["paths"]["/v1/lessons/{lesson_id}"]["patch"]["responses"];
    let examples = &update["409"]["content"]["application/problem+json"]["examples"];
    assert_eq!(examples["not-publishable"]["$ref"], "#/components/examples/not-publishable");
    for kind in lyceum::problem::ALL {
        let value = &document["components"]["examples"][kind.name]["value"];
        assert_eq!(
            (value["status"].as_u64(), value["title"].as_str()),
            (Some(u64::from(kind.status)), Some(kind.title))
        );
    }
}
