//! The API's CORS, as `template.yaml` has it: browsers get the same answers here as from the deployed system.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_norway::Value;

const TEMPLATE: &str = include_str!("../../../template.yaml");

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
#[serde(rename_all = "PascalCase")]
struct Template {
    /// By their logical ids.
    resources: BTreeMap<String, Value>,
}

/// Returns the API's CORS without the origins, which are parameters of a deployment.
///
/// # Errors
/// When the template has no API, or its CORS lacks a property.
pub fn cors() -> Result<Cors> {
    let template: Template = serde_norway::from_str(TEMPLATE).context("template.yaml can't be read")?;
    let is_api = |resource: &&Value| resource.get("Type").and_then(Value::as_str) == Some("AWS::ApiGatewayV2::Api");
    let api = template.resources.values().find(is_api).context("template.yaml has no API")?;
    let cors = api.get("Properties").and_then(|properties| properties.get("CorsConfiguration"));
    let cors = cors.context("the API in template.yaml has no CORS")?;
    serde_norway::from_value(cors.clone()).context("the CORS in template.yaml can't be understood")
}
