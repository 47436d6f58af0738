//! Events as AWS sends them: what the gateway, the queue and the schedule hand to a function.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";

/// A call, as API Gateway's HTTP API makes an event of it (payload format 2.0).
#[derive(Debug)]
pub struct Call<'a> {
    pub method: &'a str,
    /// With the query string, as it came.
    pub path_and_query: &'a str,
    /// In any case, in the order in which they came.
    pub headers: &'a [(String, String)],
    pub body: Option<&'a [u8]>,
    pub source_ip: &'a str,
    /// As the template writes it: `GET /v1/courses/{course_id}`, or `$default`.
    pub route_key: &'a str,
    pub path_parameters: Map<String, Value>,
    pub time: DateTime<Utc>,
}

/// The event of a call.
#[must_use]
pub fn http(call: &Call) -> Value {
    let (path, query) = call.path_and_query.split_once('?').unwrap_or((call.path_and_query, ""));
    let headers = joined(call.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())));
    let host = headers.get("host").and_then(Value::as_str).unwrap_or("localhost").to_owned();
    let user_agent = headers.get("user-agent").cloned().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": call.route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": call.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": call.source_ip,
                "userAgent": user_agent,
            },
            "requestId": id(call.time),
            "routeKey": call.route_key,
            "stage": "$default",
            "time": call.time.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": call.time.timestamp_millis(),
        },
        "isBase64Encoded": false,
    });
    if !query.is_empty() {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        event["queryStringParameters"] = joined(pairs).into();
    }
    if !call.path_parameters.is_empty() {
        event["pathParameters"] = call.path_parameters.clone().into();
    }
    if let Some(body) = call.body {
        if let Ok(text) = std::str::from_utf8(body) {
            event["body"] = json!(text);
        } else {
            event["body"] = json!(STANDARD.encode(body));
            event["isBase64Encoded"] = json!(true);
        }
    }
    event
}

/// One message of a queue.
#[must_use]
pub fn sqs(queue: &str, body: &str, time: DateTime<Utc>) -> Value {
    json!({ "Records": [{
        "messageId": id(time),
        "receiptHandle": id(time),
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": time.timestamp_millis().to_string(),
            "SenderId": ACCOUNT,
            "ApproximateFirstReceiveTimestamp": time.timestamp_millis().to_string(),
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
        "awsRegion": REGION,
    }] })
}

/// A tick of a schedule.
#[must_use]
pub fn schedule(rule: &str, time: DateTime<Utc>) -> Value {
    json!({
        "version": "0",
        "id": id(time),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}")],
        "detail": {},
    })
}

/// Repeated names become one, their values joined by commas, as API Gateway does it.
fn joined(pairs: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in pairs {
        match all.get_mut(&name) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => drop(all.insert(name, value.into())),
        }
    }
    all
}

fn id(time: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, time.timestamp_subsec_nanos()))
}
