//! How a transaction causes jobs.

use chrono::{DateTime, Utc};

use super::{Job, KINDS, Kind};
use crate::error::Result;
use crate::id::JobId;
use crate::transaction::Write;

impl Write {
    /// Enqueues a job that is due now.
    ///
    /// # Errors
    /// When the payload can't be written as JSON; 503 when the database is away.
    pub async fn enqueue<J: Job>(&mut self, job: &J) -> Result<()> {
        let now = self.now();
        self.enqueue_at(job, now).await
    }

    /// Enqueues a job that is due at that time.
    ///
    /// # Errors
    /// When the payload can't be written as JSON; 503 when the database is away.
    pub async fn enqueue_at<J: Job>(&mut self, job: &J, due_at: DateTime<Utc>) -> Result<()> {
        let now = self.now();
        sqlx::query!(
            "INSERT INTO jobs (id, kind, payload, due_at, created_at) VALUES ($1, $2, $3, $4, $5)",
            JobId::new(now).0,
            J::KIND.name,
            serde_json::to_value(job)?,
            due_at,
            now,
        )
        .execute(self.connection())
        .await?;
        self.wake(J::KIND, due_at);
        Ok(())
    }

    /// Notes the kinds of jobs that triggers enqueued in this transaction, as `request_job` (SQL) lists them. A kind that
    /// this version doesn't know is left to the schedule.
    pub(crate) fn wake_requested(&mut self, requested: Option<&str>) {
        let now = self.now();
        for name in requested.unwrap_or_default().split(',') {
            if let Some(kind) = KINDS.into_iter().find(|kind: &Kind| kind.name == name) {
                self.wake(kind, now);
            }
        }
    }
}
