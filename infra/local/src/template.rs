//! The routes of `template.yaml`, so that what is tried here is what will be deployed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_norway::Value;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// One route, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateRoute {
    pub method: String,
    /// As API Gateway writes it; none is `$default`.
    pub path: Option<String>,
    /// The binary, as the end of `CodeUri` names it.
    pub function: String,
}

/// What the API lets the pages of other origins do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cors {
    pub allow_methods: Vec<String>,
    pub allow_headers: Vec<String>,
    pub expose_headers: Vec<String>,
    /// In seconds.
    pub max_age: u64,
}

#[derive(Deserialize)]
struct Template {
    /// By their logical ids; the loops among them are none.
    #[serde(rename = "Resources")]
    resources: BTreeMap<String, Value>,
}

/// The resources of a type, by their logical ids, with their properties.
fn resources(kind: &str) -> Result<BTreeMap<String, Value>> {
    let template: Template = serde_norway::from_str(TEMPLATE).context("template.yaml can't be read")?;
    let of_that_kind = |value: &Value| value.get("Type").and_then(Value::as_str) == Some(kind);
    let mut found = template.resources;
    found.retain(|_, resource| of_that_kind(resource));
    let properties = |resource: Value| resource.get("Properties").cloned().unwrap_or_default();
    Ok(found.into_iter().map(|(id, resource)| (id, properties(resource))).collect())
}

fn api() -> Result<Value> {
    resources("AWS::Serverless::HttpApi")?.into_values().next().context("the template has no API")
}

/// The API's CORS, but for the origins, which are known when it is deployed.
///
/// # Errors
/// When the template is not what it should be.
pub fn cors() -> Result<Cors> {
    let api = api()?;
    let cors = api.get("CorsConfiguration").context("the template has no CORS")?;
    serde_norway::from_value(cors.clone()).context("the template's CORS can't be understood")
}

/// All functions: the binary, as the end of `CodeUri` names it, by logical id.
///
/// # Errors
/// When the template is not what it should be.
pub fn functions() -> Result<BTreeMap<String, String>> {
    let functions = resources("AWS::Serverless::Function")?.into_iter().map(|(id, properties)| {
        let code = properties.get("CodeUri").and_then(Value::as_str).context("a function has no CodeUri")?;
        Ok((id, code.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()))
    });
    functions.collect()
}

/// All routes, in order.
///
/// # Errors
/// When the template is not what it should be.
pub fn routes() -> Result<Vec<TemplateRoute>> {
    let (api, functions) = (api()?, functions()?);
    let paths = api.get("DefinitionBody").and_then(|body| body.get("paths")).and_then(Value::as_mapping);
    let mut routes = Vec::new();
    for (path, operations) in paths.context("the API has no paths")? {
        let path = path.as_str().context("a path is no text")?;
        for (method, operation) in operations.as_mapping().with_context(|| format!("{path} has no methods"))? {
            let id = integration(operation).with_context(|| format!("{path} leads nowhere"))?;
            let function = functions.get(id).with_context(|| format!("{path} leads to {id}, which is no function"))?;
            let is_default = operation.get("isDefaultRoute").and_then(Value::as_bool) == Some(true);
            routes.push(TemplateRoute {
                method: if is_default { "ANY".to_owned() } else { method.as_str().unwrap_or_default().to_uppercase() },
                path: (!is_default).then(|| path.to_owned()),
                function: function.clone(),
            });
        }
    }
    routes.sort();
    Ok(routes)
}

/// The logical id of the function that an operation is integrated with.
fn integration(operation: &Value) -> Option<&str> {
    let reference = operation.get("x-amazon-apigateway-integration")?.get("$ref")?.as_str()?;
    reference.strip_prefix("#/components/x-amazon-apigateway-integrations/")
}
