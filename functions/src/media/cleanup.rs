//! The file part of maintenance: processes files whose event was lost, and removes files that nothing uses.

use chrono::TimeDelta;
use lyceum::app::App;
use lyceum::error::{Error, Result};
use lyceum::media::cleanup::{self, UnfinishedUpload};
use serde::Serialize;

use super::ingest::{self, Outcome};

/// Counts of what was done.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Uploads whose file was processed now, because its event was lost or its processing was interrupted.
    taken_up: u64,
    /// Uploads that expired before their file arrived.
    unfinished_removed: u64,
    rejected_forgotten: u64,
    /// Files of deleted lessons and courses, marked for removal an hour later.
    freed: u64,
    files_removed: u64,
    orphans_removed: u64,
    /// Uploads whose processing failed again.
    failed: u64,
}

/// Runs all steps, and returns their counts.
pub(crate) async fn clean_up(app: &App) -> Result<Report> {
    let mut report = Report::default();
    let storage = app.storage()?;
    let mut read = app.read_as_system().await?;
    report.rejected_forgotten = cleanup::delete_rejected(&mut read).await?;
    report.files_removed = cleanup::remove_freed(&mut read, storage).await?;
    report.freed = cleanup::free_unused(&mut read).await?;
    for prefix in cleanup::PREFIXES {
        let mut from = None;
        loop {
            let page = storage.list(prefix, from).await?;
            for key in cleanup::orphans(&mut read, &page.objects).await? {
                cleanup::remove_orphan(storage, &key).await?;
                report.orphans_removed += 1;
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    drop(read); // the pool may hold a single connection
    let processed = process_unfinished(app, cleanup::EVENT_LATE).await?; // last, because large files take long
    Ok(Report {
        taken_up: processed.taken_up,
        unfinished_removed: processed.unfinished_removed,
        failed: processed.failed,
        ..report
    })
}

/// Processes the files of unfinished uploads of at least this age, and removes uploads that expired without a file.
pub(crate) async fn process_unfinished(app: &App, age: TimeDelta) -> Result<Report> {
    let (mut report, mut after) = (Report::default(), None);
    loop {
        let mut read = app.read_as_system().await?;
        let page = cleanup::unfinished(&mut read, age, after).await?;
        drop(read);
        for upload in &page {
            match process(app, upload).await {
                Ok(step) => step.count(&mut report),
                // without S3 or the database, no other file can be processed either; other errors concern this file only
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(upload = %upload.id, %error, "an upload could not be processed");
                    report.failed += 1;
                }
            }
        }
        after = page.last().map(|upload| upload.id);
        if after.is_none() {
            return Ok(report);
        }
    }
}

enum Step {
    Processed,
    Removed,
    Nothing,
}

impl Step {
    fn count(self, report: &mut Report) {
        match self {
            Self::Processed => report.taken_up += 1,
            Self::Removed => report.unfinished_removed += 1,
            Self::Nothing => {}
        }
    }
}

async fn process(app: &App, upload: &UnfinishedUpload) -> Result<Step> {
    let outcome = match ingest::find_version(app, upload.id).await? {
        Some(version) if upload.given_up => Some(ingest::give_up(app, upload.id, &version).await?),
        Some(version) => Some(ingest::process(app, upload.id, &version).await?),
        None => None,
    };
    match outcome {
        Some(Outcome::Ready | Outcome::Rejected) => return Ok(Step::Processed),
        Some(Outcome::NothingToDo | Outcome::Waiting) => return Ok(Step::Nothing),
        None if !upload.expired => return Ok(Step::Nothing),
        None => {}
    }
    let mut read = app.read_as_system().await?;
    cleanup::remove_unfinished(&mut read, app.storage()?, upload).await?;
    Ok(Step::Removed)
}
