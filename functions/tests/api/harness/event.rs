//! The events that the tests send, as AWS would.

use chrono::{DateTime, Utc};
use lyceum_local::event::{self, Call};
use serde_json::{Map, Value};

/// A call whose event came by `$default`, as under `cargo lambda watch`: the dispatch looks at method and path alone.
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

/// A message that only wakes.
pub fn wake(queue: &str, time: DateTime<Utc>) -> Value {
    event::sqs(queue, "{}", time)
}
