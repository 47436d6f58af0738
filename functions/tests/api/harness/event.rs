//! The events that the tests send, in the formats of AWS.

use chrono::{DateTime, Utc};
use lyceum_local::event::{self, Call};
use serde_json::{Map, Value};

/// Builds the event of a request with the route `$default`, as `cargo lambda watch` sends it: the dispatch uses only
/// method and path.
pub fn http(
    time: DateTime<Utc>,
    method: &str,
    path_and_query: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
    source_ip: &str,
) -> Value {
    let (route_key, path_parameters) = ("$default", Map::new());
    event::http(&Call { method, path_and_query, headers, body, source_ip, route_key, path_parameters, time })
}

/// Builds the event of an SQS message that only wakes the function.
pub fn wake(queue: &str, time: DateTime<Utc>) -> Value {
    event::sqs(queue, "{}", time)
}
