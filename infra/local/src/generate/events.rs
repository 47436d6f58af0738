//! Events to try a function with (`cargo lambda invoke`). Only missing ones are generated: a file is then edited by hand.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use http::Method;
use lyceum::Function;
use lyceum::function::Trigger;
use lyceum::http::{Access, Route};
use lyceum::media::UPLOADED;
use serde_json::{Map, Value, json};

use super::{Files, root};
use crate::event::{self, Call};
use crate::storage::Created;

/// Takes the place of ids in paths and keys.
const EXAMPLE_ID: &str = "019ab3f0-5c00-7000-8000-0000000000aa";
const TIME: &str = "2026-11-23T19:56:00Z";

pub(super) fn missing() -> Result<Files> {
    let mut files = Files::new();
    for function in lyceum_functions::ALL.iter() {
        let path = format!("functions/events/{}.json", function.name);
        if !root().join(&path).exists() {
            files.insert(path, format!("{:#}\n", skeleton(function)?));
        }
    }
    Ok(files)
}

/// Returns an event as AWS would send it: of the function's first route, or else of its first trigger.
fn skeleton(function: &Function) -> Result<Value> {
    let time: DateTime<Utc> = TIME.parse()?;
    if let Some(route) = function.routes().first() {
        return Ok(call(route, time));
    }
    let trigger = function.triggers.first().with_context(|| format!("nothing starts {}", function.name))?;
    Ok(match trigger {
        Trigger::Queue(queue) => event::sqs(&format!("lyceum-{queue:?}Queue"), "{}", time),
        Trigger::Schedule(_) => event::schedule("lyceum-Schedule", time),
        Trigger::Uploads => {
            let key = format!("{UPLOADED}{EXAMPLE_ID}");
            let created = Created {
                event: "ObjectCreated:Post",
                bucket: "lyceum-media".to_owned(),
                key,
                size: 1024,
                e_tag: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
            };
            event::object_created(&created, "0055AED6DCD90281E5", time)
        }
        Trigger::Deployment(resource) => json!({
            "RequestType": "Update",
            "ResponseURL": null,
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/lyceum/16580499-7622-4a9c-b32f-4eba35da93da",
            "RequestId": "82304eb2-bdda-469f-a33b-a3f1406d0a52",
            "LogicalResourceId": format!("{resource:?}"),
            "ResourceType": format!("Custom::{resource:?}"),
            "ResourceProperties": {},
        }),
    })
}

fn call(route: &Route, time: DateTime<Utc>) -> Value {
    let (mut path, mut path_parameters) = (route.path.to_owned(), Map::new());
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        path = path.replace(&format!("{{{name}}}"), EXAMPLE_ID);
        path_parameters.insert(name.trim_end_matches('+').to_owned(), json!(EXAMPLE_ID));
    }
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    if route.access != Access::Open {
        headers.push(("authorization".to_owned(), "Bearer ${TOKEN}".to_owned()));
    }
    let takes_body = [Method::POST, Method::PUT, Method::PATCH].contains(&route.method);
    if takes_body {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    event::http(&Call {
        method: route.method.as_str(),
        path_and_query: &path,
        headers: &headers,
        body: takes_body.then_some(b"{}"),
        source_ip: "203.0.113.7",
        route_key: &format!("{} {}", route.method, route.path),
        path_parameters,
        time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_skeleton_of_an_event() {
        for function in lyceum_functions::ALL.iter().filter(|function| function.name != "not-found") {
            let event = skeleton(function).unwrap();
            let known = ["requestContext", "Records", "source", "ResourceType"];
            assert!(known.iter().any(|name| event.get(name).is_some()), "{}: {event}", function.name);
        }
    }

    #[test]
    fn a_skeleton_of_a_call_names_its_path_parameters_and_asks_for_a_token() {
        let sections = lyceum_functions::ALL.iter().find(|function| function.name == "sections").unwrap();
        let route = sections.routes().into_iter().find(|route| route.path.contains("{course_id}")).unwrap();
        let event = call(&route, TIME.parse().unwrap());
        assert_eq!(event["pathParameters"]["course_id"], EXAMPLE_ID);
        assert_eq!(event["headers"]["authorization"], "Bearer ${TOKEN}");
        assert_eq!(event["rawPath"], route.path.replace("{course_id}", EXAMPLE_ID));
    }
}
