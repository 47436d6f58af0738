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
