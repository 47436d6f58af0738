//! The routes of `template.yaml`, so that what is tried here is what will be deployed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_norway::Value;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// One HTTP event of a function.
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
    #[serde(rename = "Resources")]
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Properties", default)]
    properties: Value,
}

fn resources() -> Result<BTreeMap<String, Resource>> {
    let template: Template = serde_norway::from_str(TEMPLATE).context("template.yaml can't be read")?;
    Ok(template.resources)
}

/// The API's CORS, but for the origins, which are known when it is deployed.
///
/// # Errors
/// When the template is not what it should be.
pub fn cors() -> Result<Cors> {
    let mut all = resources()?.into_values();
    let api = all.find(|resource| resource.kind == "AWS::Serverless::HttpApi").context("the template has no API")?;
    let cors = api.properties.get("CorsConfiguration").context("the template has no CORS")?;
    serde_norway::from_value(cors.clone()).context("the template's CORS can't be understood")
}

/// All functions, with their events.
///
/// # Errors
/// When the template is not what it should be.
pub fn functions() -> Result<BTreeMap<String, Value>> {
    resources()?
        .into_values()
        .filter(|resource| resource.kind == "AWS::Serverless::Function")
        .map(|resource| {
            let code =
                resource.properties.get("CodeUri").and_then(Value::as_str).context("a function has no CodeUri")?;
            let name = code.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            Ok((name, resource.properties.get("Events").cloned().unwrap_or_default()))
        })
        .collect()
}

/// A function that is started by what is created in the bucket below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectTrigger {
    pub function: String,
    pub prefix: String,
}

/// All of them.
///
/// # Errors
/// When the template is not what it should be.
pub fn object_triggers() -> Result<Vec<ObjectTrigger>> {
    let mut triggers = Vec::new();
    for (function, events) in functions()? {
        triggers
            .extend(prefixes(&events).into_iter().map(|prefix| ObjectTrigger { function: function.clone(), prefix }));
    }
    Ok(triggers)
}

/// The prefix of each S3 event among them; one without a filter hears of everything.
fn prefixes(events: &Value) -> Vec<String> {
    let events = events.as_mapping().into_iter().flat_map(|events| events.values());
    let events = events.filter(|event| event.get("Type").and_then(Value::as_str) == Some("S3"));
    let prefix = |event: &Value| {
        let rules = event.get("Properties")?.get("Filter")?.get("S3Key")?.get("Rules")?.as_sequence()?;
        let rule = rules.iter().find(|rule| rule.get("Name").and_then(Value::as_str) == Some("prefix"))?;
        rule.get("Value")?.as_str().map(ToOwned::to_owned)
    };
    events.map(|event| prefix(event).unwrap_or_default()).collect()
}

/// All HTTP routes, in order.
///
/// # Errors
/// When the template is not what it should be.
pub fn routes() -> Result<Vec<TemplateRoute>> {
    let mut routes = Vec::new();
    for (function, events) in functions()? {
        for event in events.as_mapping().into_iter().flat_map(|events| events.values()) {
            if event.get("Type").and_then(Value::as_str) != Some("HttpApi") {
                continue;
            }
            let property = |name: &str| event.get("Properties")?.get(name)?.as_str().map(ToOwned::to_owned);
            let method = property("Method").unwrap_or_else(|| "ANY".to_owned());
            routes.push(TemplateRoute { method, path: property("Path"), function: function.clone() });
        }
    }
    routes.sort();
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_s3_event_says_which_prefix() {
        let events = "
            Call: { Type: HttpApi, Properties: { Path: / } }
            Created:
              Type: S3
              Properties:
                Bucket: !Ref Media
                Events: s3:ObjectCreated:*
                Filter: { S3Key: { Rules: [{ Name: prefix, Value: uploads/ }] } }
            Anything: { Type: S3, Properties: { Bucket: !Ref Media } }";
        assert_eq!(prefixes(&serde_norway::from_str(events).unwrap()), ["uploads/", ""]);
        assert!(prefixes(&Value::Null).is_empty());
    }
}
