//! The routes and functions of the code, and of the files that are made from them: templates, binaries, the OpenAPI
//! document and cargo-lambda's router.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_norway::Value;

use crate::harness::Lyceum;

/// `function METHOD /path`
fn of_the_code() -> BTreeSet<String> {
    let routes = lyceum_functions::ALL.iter().flat_map(|function| {
        function.routes().into_iter().map(|route| format!("{} {} {}", function.name, route.method, route.path))
    });
    routes.collect()
}

/// The templates in `infra/functions`: resources of each.
fn resources() -> Vec<serde_norway::Mapping> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/functions");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let template =
        |path: PathBuf| -> Value { serde_norway::from_str(&std::fs::read_to_string(path).unwrap()).unwrap() };
    files.map(|path| template(path)["Resources"].as_mapping().unwrap().clone()).collect()
}

fn is(resource: &Value, kind: &str) -> bool {
    resource["Type"].as_str() == Some(kind)
}

/// An intrinsic function's argument.
fn tagged(value: &Value) -> &str {
    let Value::Tagged(tagged) = value else { panic!("no intrinsic function: {value:?}") };
    tagged.value.as_str().unwrap()
}

/// The binary, as the end of `CodeUri` names it.
fn binary(function: &Value) -> &str {
    function["Properties"]["CodeUri"]
        .as_str()
        .unwrap()
        .strip_prefix("../../target/lambda/")
        .unwrap()
        .trim_end_matches('/')
}

#[test]
fn the_templates_have_the_routes_of_the_code() {
    let mut routes = BTreeSet::new();
    for resources in resources() {
        for route in resources.values().filter(|resource| is(resource, "AWS::ApiGatewayV2::Route")) {
            let integration = tagged(&route["Properties"]["Target"]);
            let integration = integration.strip_prefix("integrations/${").unwrap().strip_suffix('}').unwrap();
            let function = tagged(&resources[integration]["Properties"]["IntegrationUri"]);
            let function = binary(&resources[function.strip_suffix(".Arn").unwrap()]);
            routes.insert(format!("{function} {}", route["Properties"]["RouteKey"].as_str().unwrap()));
        }
    }
    assert!(routes.remove("not-found $default"));
    assert_eq!(routes, of_the_code());
}

#[test]
fn the_templates_have_the_functions_of_the_code_and_each_has_its_binary() {
    let of_the_code: BTreeSet<_> = lyceum_functions::ALL.iter().map(|function| function.name.to_owned()).collect();
    let resources = resources();
    let functions = resources.iter().flat_map(|resources| resources.values());
    let functions = functions.filter(|resource| is(resource, "AWS::Serverless::Function"));
    assert_eq!(functions.map(|function| binary(function).to_owned()).collect::<BTreeSet<_>>(), of_the_code);
    let binaries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin")).unwrap();
    let binaries = binaries.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(binaries.collect::<BTreeSet<_>>(), of_the_code);
}

/// `CloudFormation` updates a custom resource when one of its properties changes.
#[test]
fn the_schema_of_the_template_is_the_newest_migration() {
    let newest = lyceum::db::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap().to_string();
    let resources = resources();
    let of_templates: Vec<_> = resources
        .iter()
        .flat_map(|resources| resources.values())
        .filter(|resource| is(resource, "Custom::Schema"))
        .map(|schema| schema["Properties"]["Newest"].as_str().unwrap())
        .collect();
    assert_eq!(of_templates, [newest]);
}

#[tokio::test]
async fn the_openapi_document_has_the_routes_of_the_code() {
    let lyceum = Lyceum::new().await;
    let document = lyceum.anonymous().get("/openapi.json").await.ok();
    let operations = document["paths"].as_object().unwrap().iter().flat_map(|(path, operations)| {
        operations.as_object().unwrap().iter().map(move |(method, operation)| {
            let function = operation["x-function"].as_str().unwrap();
            format!("{function} {} {}", method.to_uppercase(), path.replace("{proxy}", "{proxy+}"))
        })
    });
    assert_eq!(operations.collect::<BTreeSet<_>>(), of_the_code());
}

#[test]
fn the_router_of_cargo_lambda_has_the_routes_of_the_code() {
    let manifest: toml::Table = toml::from_str(include_str!("../../Cargo.toml")).unwrap();
    let router = manifest["package"]["metadata"]["lambda"]["watch"]["router"].as_table().unwrap();
    let mut routes = BTreeSet::new();
    for (path, target) in router {
        match target.as_array() {
            Some(targets) => routes.extend(targets.iter().map(|target| {
                let text = |name: &str| target[name].as_str().unwrap();
                format!("{} {} {}", text("function"), text("method"), path.replace("{*proxy}", "{proxy+}"))
            })),
            None => assert_eq!(target.as_str(), Some("not-found"), "{path}"),
        }
    }
    assert_eq!(routes, of_the_code());
}

#[test]
fn every_function_has_an_event_to_try_it_with() {
    for function in lyceum_functions::ALL.iter() {
        let file = format!("{}/events/{}.json", env!("CARGO_MANIFEST_DIR"), function.name);
        let event: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let is_a_schedule = event["source"] == "aws.events";
        let is_a_deployment = event["ResourceType"].is_string();
        let is_known = event["requestContext"]["http"].is_object() || event["Records"].is_array();
        assert!(is_known || is_a_schedule || is_a_deployment, "{file}");
    }
}

#[test]
fn no_file_is_over_400_lines_or_without_a_name_of_its_own() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut folders: Vec<_> =
        ["shared", "functions", "infra"].iter().map(|name| format!("{root}/{name}").into()).collect();
    while let Some(folder) = folders.pop() {
        let folder: std::path::PathBuf = folder;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                assert!(lines <= 400, "{} has {lines} lines", path.display());
                let name = path.file_stem().unwrap().to_str().unwrap();
                assert!(!["utils", "helpers", "common", "types"].contains(&name), "{}", path.display());
            }
        }
    }
}
