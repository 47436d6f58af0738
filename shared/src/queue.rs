//! Waking the reader of a queue: best-effort, since rows of the database hold what is to be done.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::config::timeout::TimeoutConfig;
use lambda_http::BoxFuture;

/// A queue whose messages are empty. On AWS it is SQS; the local stack brings its own.
#[derive(Clone)]
pub struct Queue(Arc<dyn Fn(Duration) -> BoxFuture<'static, Result<(), String>> + Send + Sync>);

/// The longest that SQS holds a message back.
const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// A call wakes a queue after its commit, when its answer waits for nothing else.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(2);

impl Queue {
    /// A queue that is woken by that, after the delay it is given.
    #[must_use]
    pub fn new(wake: impl Fn(Duration) -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// The SQS queue at that address.
    #[must_use]
    pub fn sqs(config: &aws_config::SdkConfig, url: &str) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = aws_sdk_sqs::config::Builder::from(config).timeout_config(timeouts).build();
        let client = aws_sdk_sqs::Client::from_conf(config);
        let url = url.to_owned();
        Self::new(move |delay| {
            let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
            let send = client.send_message().queue_url(&url).message_body("{}").delay_seconds(seconds);
            Box::pin(async move {
                send.send().await.map(drop).map_err(|error| aws_sdk_sqs::error::DisplayErrorContext(error).to_string())
            })
        })
    }

    /// Wakes the reader. A failure is logged and costs two seconds at most: the schedule finds the row.
    pub async fn wake(&self) {
        self.wake_after(Duration::ZERO).await;
    }

    /// Wakes the reader once that time has passed, or after the longest that a message is held back.
    pub async fn wake_after(&self, delay: Duration) {
        if let Err(error) = (self.0)(delay.min(LONGEST_DELAY)).await {
            tracing::warn!(error, "the queue could not be woken");
        }
    }
}

/// The queues that a write may wake, as far as its function was given them.
#[derive(Clone, Default)]
pub struct Queues {
    /// Wakes `deliver-mail`.
    pub mail: Option<Queue>,
    /// Wakes `recompute-progress`.
    pub progress: Option<Queue>,
}
