//! Events as AWS sends them: what the gateway, the queue and the schedule hand to a function.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::storage::Created;

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

/// What API Gateway says of where a call came from, whatever the call itself says.
fn forwarded(call: &Call) -> [(String, Value); 3] {
    let trace = id(call.time).simple().to_string();
    let (_, random) = trace.split_at(8); // a trace's id is a time of its own, and 24 digits
    [
        ("x-forwarded-for".to_owned(), json!(call.source_ip)),
        ("x-forwarded-proto".to_owned(), json!("http")),
        ("x-amzn-trace-id".to_owned(), json!(format!("Root=1-{:08x}-{random}", call.time.timestamp()))),
    ]
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

/// An object that was created. Without versions in the bucket, it names none.
#[must_use]
pub fn s3(created: &Created, sequencer: &str, time: DateTime<Utc>) -> Value {
    let request = id(time).simple().to_string();
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "eventName": created.event,
        "userIdentity": { "principalId": format!("AWS:{ACCOUNT}") },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": request.to_uppercase(), "x-amz-id-2": STANDARD.encode(&request) },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": {
                "name": created.bucket,
                "ownerIdentity": { "principalId": ACCOUNT },
                "arn": format!("arn:aws:s3:::{}", created.bucket),
            },
            "object": {
                "key": form_encoded(&created.key),
                "size": created.size,
                "eTag": created.e_tag,
                "sequencer": sequencer,
            },
        },
    }] })
}

/// A key, as S3's events have it: a form's encoding, but for the slashes.
#[must_use]
pub fn form_encoded(key: &str) -> String {
    let encoded = key.split('/').map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>());
    encoded.collect::<Vec<_>>().join("/")
}

/// What Lambda's on-failure destination gets of an event that failed three times.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_told_of_as_s3_does() {
        let created = Created {
            event: "ObjectCreated:Put",
            bucket: "media".to_owned(),
            key: "uploads/Happy Face & ä+.jpg".to_owned(),
            size: 1024,
            e_tag: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        };
        let event = s3(&created, "0A", DateTime::from_timestamp_millis(123).unwrap());
        let record = &event["Records"][0];
        assert_eq!(record["eventTime"], "1970-01-01T00:00:00.123Z");
        assert_eq!(record["s3"]["object"]["key"], "uploads/Happy+Face+%26+%C3%A4%2B.jpg");
        // every field of AWS's own example, but for the version
        for pointer in [
            "/eventVersion",
            "/eventSource",
            "/awsRegion",
            "/eventName",
            "/userIdentity/principalId",
            "/requestParameters/sourceIPAddress",
            "/responseElements/x-amz-request-id",
            "/responseElements/x-amz-id-2",
            "/s3/s3SchemaVersion",
            "/s3/configurationId",
            "/s3/bucket/name",
            "/s3/bucket/ownerIdentity/principalId",
            "/s3/bucket/arn",
            "/s3/object/size",
            "/s3/object/eTag",
            "/s3/object/sequencer",
        ] {
            assert!(record.pointer(pointer).is_some_and(|value| !value.is_null()), "{pointer}");
        }
    }

    #[test]
    fn cookies_stand_apart_and_repeated_names_are_joined() {
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
