//! Waking the reader of a queue: best-effort, since rows of the database hold what is to be done.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::config::timeout::TimeoutConfig;
use chrono::{DateTime, Utc};
use lambda_http::BoxFuture;
use serde_json::{Value, json};

use crate::jobs::Runner;

/// A queue whose messages only wake its reader. On AWS it is SQS; the local stack brings its own.
#[derive(Clone)]
pub struct Queue {
    send: Arc<dyn Fn(Message) -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
    /// When the earliest message arrives that [`Queue::wake_at`] sent and that is still under way.
    arrives_at: Arc<Mutex<Option<DateTime<Utc>>>>,
}

/// A message that wakes the reader of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How long it is held back: 15 minutes at most.
    pub delay: Duration,
    /// JSON: `{}`, or `{"due_at": "…"}`. Before that time there is nothing to do.
    pub body: String,
}

impl Message {
    /// The earliest time at which one of the event's messages is due, when all of them are due after `now`. `None` when there
    /// is something to do, as for any event that is not of a queue.
    #[must_use]
    pub fn due_later(event: &Value, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = event["Records"].as_array()?.iter().map(|record| {
            let body: Value = serde_json::from_str(record["body"].as_str()?).ok()?;
            let due_at: DateTime<Utc> = body["due_at"].as_str()?.parse().ok()?;
            (due_at > now).then_some(due_at)
        });
        due.collect::<Option<Vec<_>>>()?.into_iter().min()
    }
}

/// The longest that SQS holds a message back.
const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// A call wakes a queue after its commit, when its answer waits for nothing else.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(2);

impl Queue {
    /// A queue that sends its messages by `send`.
    #[must_use]
    pub fn new(send: impl Fn(Message) -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static) -> Self {
        Self { send: Arc::new(send), arrives_at: Arc::default() }
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
        Self::new(move |message| {
            let seconds = i32::try_from(message.delay.as_millis().div_ceil(1000)).unwrap_or(i32::MAX);
            let send = client.send_message().queue_url(&url).message_body(message.body).delay_seconds(seconds);
            Box::pin(async move {
                send.send().await.map(drop).map_err(|error| aws_sdk_sqs::error::DisplayErrorContext(error).to_string())
            })
        })
    }

    /// Wakes the reader. A failure is logged and costs two seconds at most: the schedule finds the row.
    pub async fn wake(&self) {
        self.wake_after(Duration::ZERO).await;
    }

    /// Wakes the reader after that time, or after the longest that a message is held back.
    pub async fn wake_after(&self, delay: Duration) {
        self.send(Message { delay: delay.min(LONGEST_DELAY), body: "{}".to_owned() }).await;
    }

    /// Wakes the reader at `due_at`. Sends nothing when a message that this process sent is still under way and arrives by
    /// then. What is due later than SQS holds a message back is announced by a message that names the time: its reader
    /// sends it again.
    pub async fn wake_at(&self, due_at: DateTime<Utc>, now: DateTime<Utc>) {
        let due_at = due_at.max(now);
        {
            let mut arrives_at = self.arrives_at.lock().unwrap_or_else(PoisonError::into_inner);
            if arrives_at.is_some_and(|arrives_at| now < arrives_at && arrives_at <= due_at) {
                return;
            }
            *arrives_at = Some(due_at);
        }
        let delay = (due_at - now).to_std().unwrap_or_default();
        let body = if due_at > now { json!({ "due_at": due_at }) } else { json!({}) };
        let sent = self.send(Message { delay: delay.min(LONGEST_DELAY), body: body.to_string() }).await;
        if !sent {
            let mut arrives_at = self.arrives_at.lock().unwrap_or_else(PoisonError::into_inner);
            if *arrives_at == Some(due_at) {
                *arrives_at = None;
            }
        }
    }

    async fn send(&self, message: Message) -> bool {
        let sent = (self.send)(message).await;
        if let Err(error) = &sent {
            tracing::warn!(error, "the queue could not be woken");
        }
        sent.is_ok()
    }
}

/// The queues that a write may wake, as far as its function was given them.
#[derive(Clone, Default)]
pub struct Queues {
    /// Wakes `deliver-mail`.
    pub mail: Option<Queue>,
    /// Wakes `recompute-progress`.
    pub progress: Option<Queue>,
    /// Wakes `run-jobs`.
    pub jobs: Option<Queue>,
}

impl Queues {
    pub(crate) fn of(&self, runner: Runner) -> Option<&Queue> {
        match runner {
            Runner::RunJobs => self.jobs.as_ref(),
        }
    }
}
