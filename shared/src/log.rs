//! Logging: one line of JSON per event, with `CloudWatch` metrics in the embedded metric format.
//!
//! No line may contain a password, a token or a mail's body. Our own messages are written so; libraries log at INFO
//! and above only, because below it they print what they send and receive.

use std::fmt;

use lambda_http::tracing::subscriber::fmt::format::{JsonFields, Writer};
use lambda_http::tracing::subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use lambda_http::tracing::subscriber::registry::{LookupSpan, Scope};
use lambda_http::tracing::subscriber::{EnvFilter, fmt as lines};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};

/// The log fields that are also metrics, with their units. `CloudWatch` includes ten custom metrics for free.
/// Dashboards and alarms use these names, in the namespace `Lyceum` with the dimension `stack`.
pub const METRICS: [(&str, &str); 10] = [
    // For each request.
    ("milliseconds", "Milliseconds"),
    ("unavailable", "Count"),
    ("limited", "Count"),
    // For each run of `deliver-mail`, at least every five minutes.
    ("mails_waiting", "Count"),
    ("oldest_mail_seconds", "Seconds"),
    ("mails_dead", "Count"),
    // For each run of `run-jobs`.
    ("jobs_waiting", "Count"),
    ("jobs_dead", "Count"),
    // For each run of `maintain`.
    ("database_bytes", "Bytes"),
    ("invalid_indexes", "Count"),
];

const NAMESPACE: &str = "Lyceum";

/// Starts logging at the level in Lambda's settings: as JSON if Lambda's log format is JSON, else as text.
pub(crate) fn start(function: &'static str) {
    let setting = |name| std::env::var(name).unwrap_or_default();
    if !setting("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json") {
        return lambda_http::tracing::init_default_subscriber();
    }
    let level: Level = setting("AWS_LAMBDA_LOG_LEVEL").parse().unwrap_or(Level::INFO);
    let of_others = level.min(Level::INFO);
    let filter = EnvFilter::new(format!("{of_others},lyceum={level}"));
    let name = setting("AWS_LAMBDA_FUNCTION_NAME"); // the template's name: stack, hyphen, function
    let stack = name.rsplit_once('-').map_or(name.as_str(), |(stack, _)| stack).to_owned();
    lines().event_format(Line { function, stack }).fmt_fields(JsonFields::new()).with_env_filter(filter).init();
}

/// Formats an event as a line of JSON.
struct Line {
    function: &'static str,
    /// The stack of the function. An account may have several stacks.
    stack: String,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Map::new();
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(fields) = serde_json::from_str::<Map<_, _>>(fields)
            {
                line.extend(fields);
            }
        }
        event.record(&mut Fields(&mut line));
        #[expect(clippy::disallowed_methods, reason = "only the timestamp of the line; no rule depends on it")]
        let now = chrono::Utc::now();
        line.insert("timestamp".to_owned(), json!(now));
        line.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        line.insert("function".to_owned(), json!(self.function));
        let metrics = METRICS.iter().filter(|(name, _)| line.contains_key(*name));
        let metrics: Vec<_> = metrics.map(|(name, unit)| json!({ "Name": name, "Unit": unit })).collect();
        if !metrics.is_empty() {
            line.insert("stack".to_owned(), json!(self.stack));
            let published = json!({ "Namespace": NAMESPACE, "Dimensions": [["stack"]], "Metrics": metrics });
            let metadata = json!({ "Timestamp": now.timestamp_millis(), "CloudWatchMetrics": [published] });
            line.insert("_aws".to_owned(), metadata);
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// Collects the fields of an event as JSON values.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
