//! Builds events in the formats in which AWS sends them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::storage::Created;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-central-1";

/// A request, from which [`http()`] builds an event.
#[derive(Debug)]
pub struct Call<'a> {
    pub method: &'a str,
    /// The raw path, with the query string.
    pub path_and_query: &'a str,
    /// Names in any case, in the order of arrival.
    pub headers: &'a [(String, String)],
    pub body: Option<&'a [u8]>,
    pub source_ip: &'a str,
    /// In the syntax of the template: `GET /v1/courses/{course_id}`, or `$default`.
    pub route_key: &'a str,
    pub path_parameters: Map<String, Value>,
    pub time: DateTime<Utc>,
}

/// Builds the event of a request (HTTP API, payload format 2.0).
#[must_use]
pub fn http(call: &Call) -> Value {
    let (path, query) = call.path_and_query.split_once('?').unwrap_or((call.path_and_query, ""));
    let mut headers = joined(call.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())));
    let cookies = headers.remove("cookie");
    headers.extend(forwarded(call));
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
    if let Some(cookies) = cookies.as_ref().and_then(Value::as_str) {
        event["cookies"] = cookies.split([';', ',']).map(str::trim).collect();
    }
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

/// Returns the headers that API Gateway sets itself and that override the client's.
fn forwarded(call: &Call) -> [(String, Value); 3] {
    let trace = id(call.time).simple().to_string();
    let (_, random) = trace.split_at(8); // a trace id is a timestamp followed by 24 digits
    [
        ("x-forwarded-for".to_owned(), json!(call.source_ip)),
        ("x-forwarded-proto".to_owned(), json!("http")),
        ("x-amzn-trace-id".to_owned(), json!(format!("Root=1-{:08x}-{random}", call.time.timestamp()))),
    ]
}

/// Builds the event of one SQS message.
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

/// Builds the event of a schedule.
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

/// Builds the `EventBridge` event for an object created in S3. It has no version id, as in an unversioned bucket.
#[must_use]
pub fn object_created(created: &Created, sequencer: &str, time: DateTime<Utc>) -> Value {
    let reason = match created.event {
        "ObjectCreated:Post" => "POST Object",
        "ObjectCreated:Copy" => "CopyObject",
        "ObjectCreated:CompleteMultipartUpload" => "CompleteMultipartUpload",
        _ => "PutObject",
    };
    json!({
        "version": "0",
        "id": id(time),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:s3:::{}", created.bucket)],
        "detail": {
            "version": "0",
            "bucket": { "name": created.bucket },
            "object": { "key": created.key, "size": created.size, "etag": created.e_tag, "sequencer": sequencer },
            "request-id": id(time).simple().to_string().to_uppercase(),
            "requester": ACCOUNT,
            "source-ip-address": "127.0.0.1",
            "reason": reason,
        },
    })
}

/// Builds the record that Lambda sends to the on-failure destination after three failed attempts.
#[must_use]
pub fn failure(function: &str, event: &Value, error: &str, time: DateTime<Utc>) -> Value {
    json!({
        "version": "1.0",
        "timestamp": time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "requestContext": {
            "requestId": id(time),
            "functionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:$LATEST"),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
        "responsePayload": { "errorType": "Error", "errorMessage": error },
    })
}

/// Joins the values of repeated names with commas, as API Gateway does.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_of_a_created_object_has_the_format_of_s3() {
        let created = Created {
            event: "ObjectCreated:Post",
            bucket: "media".to_owned(),
            key: "uploads/Happy Face.jpg".to_owned(),
            size: 1024,
            e_tag: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        };
        let event = object_created(&created, "0A", DateTime::UNIX_EPOCH);
        assert_eq!((&event["source"], &event["detail-type"]), (&json!("aws.s3"), &json!("Object Created")));
        assert_eq!(
            (&event["time"], &event["detail"]["reason"]),
            (&json!("1970-01-01T00:00:00Z"), &json!("POST Object"))
        );
        let object = json!({
            "key": "uploads/Happy Face.jpg", // not percent-encoded, unlike in S3's own events
            "size": 1024,
            "etag": "d41d8cd98f00b204e9800998ecf8427e",
            "sequencer": "0A",
        });
        assert_eq!(event["detail"]["object"], object);
    }

    #[test]
    fn cookies_are_separate_and_repeated_names_are_joined() {
        let headers =
            [("Cookie", "a=1; b=2"), ("Accept", "text/html"), ("accept", "*/*"), ("X-Forwarded-For", "6.6.6.6")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let call = Call {
            method: "GET",
            path_and_query: "/v1/courses?tag=sql&tag=web%20page",
            headers: &headers,
            body: None,
            source_ip: "127.0.0.1",
            route_key: "GET /v1/courses",
            path_parameters: Map::new(),
            time: DateTime::UNIX_EPOCH,
        };
        let event = http(&call);
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["headers"]["cookie"], Value::Null);
        assert_eq!(event["headers"]["accept"], "text/html,*/*");
        assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
        assert_eq!(event["queryStringParameters"]["tag"], "sql,web page");
    }
}
