//! The routes, the functions and the CORS of the templates, so that what is tried here is what will be deployed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_norway::Value;

const TEMPLATE: &str = include_str!("../../../template.yaml");
const ROUTES: &str = include_str!("../../routes.yaml");

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

#[derive(Deserialize)]
struct RoutesTemplate {
    #[serde(rename = "Mappings")]
    mappings: Mappings,
}

#[derive(Deserialize)]
struct Mappings {
    #[serde(rename = "Routes")]
    routes: BTreeMap<String, Routes>,
}

/// Those of one function.
#[derive(Deserialize)]
struct Routes {
    #[serde(rename = "Keys")]
    keys: Vec<String>,
}

/// The resources of a type, by their logical ids, with their properties.
fn resources(kind: &str) -> Result<BTreeMap<String, Value>> {
    let template: Template = serde_norway::from_str(TEMPLATE).context("template.yaml can't be read")?;
    let mut found = template.resources;
    found.retain(|_, resource| resource.get("Type").and_then(Value::as_str) == Some(kind));
    let properties = |resource: Value| resource.get("Properties").cloned().unwrap_or_default();
    Ok(found.into_iter().map(|(id, resource)| (id, properties(resource))).collect())
}

/// The API's CORS, but for the origins, which are known when it is deployed.
///
/// # Errors
/// When the template is not what it should be.
pub fn cors() -> Result<Cors> {
    let api = resources("AWS::ApiGatewayV2::Api")?.into_values().next().context("the template has no API")?;
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

/// A function that is started by what is created in the bucket below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectTrigger {
    /// The binary, as the end of `CodeUri` names it.
    pub function: String,
    pub prefix: String,
}

/// All of them: the rules of `EventBridge` that ask for created objects.
///
/// # Errors
/// When the template is not what it should be.
pub fn object_triggers() -> Result<Vec<ObjectTrigger>> {
    let binaries = functions()?;
    let mut triggers = Vec::new();
    for (id, properties) in resources("AWS::Serverless::Function")? {
        let function = binaries.get(&id).context("a function has no CodeUri")?;
        let events = properties.get("Events").and_then(Value::as_mapping);
        for event in events.into_iter().flat_map(|events| events.values()) {
            triggers.extend(prefix(event).map(|prefix| ObjectTrigger { function: function.clone(), prefix }));
        }
    }
    Ok(triggers)
}

/// The prefix that an event asks for, if it asks for objects.
fn prefix(event: &Value) -> Option<String> {
    let pattern = event.get("Properties")?.get("Pattern")?;
    let first = |of: &Value, name: &str| of.get(name)?.get(0).cloned();
    if first(pattern, "detail-type")?.as_str() != Some("Object Created") {
        return None;
    }
    let key = first(pattern.get("detail")?.get("object")?, "key")?;
    Some(key.get("prefix")?.as_str()?.to_owned())
}

/// All routes, in order.
///
/// # Errors
/// When the templates are not what they should be.
pub fn routes() -> Result<Vec<TemplateRoute>> {
    let template: RoutesTemplate = serde_norway::from_str(ROUTES).context("routes.yaml can't be read")?;
    let functions = functions()?;
    let mut routes = Vec::new();
    for (id, of_the_function) in template.mappings.routes {
        let function = functions.get(&id).with_context(|| format!("{id} has routes, and is no function"))?;
        routes.extend(of_the_function.keys.iter().map(|key| match key.split_once(' ') {
            Some((method, path)) => {
                TemplateRoute { method: method.to_owned(), path: Some(path.to_owned()), function: function.clone() }
            }
            None => TemplateRoute { method: "ANY".to_owned(), path: None, function: function.clone() },
        }));
    }
    routes.sort();
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_created_below_uploads_starts_ingest() {
        let ingest = ObjectTrigger { function: "ingest".to_owned(), prefix: "uploads/".to_owned() };
        assert_eq!(object_triggers().unwrap(), [ingest]);
    }
}
