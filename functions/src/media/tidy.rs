//! The part of maintenance that is about files: what no event told is taken up, and what is of no use any more goes.

use chrono::TimeDelta;
use lyceum::app::App;
use lyceum::error::{Error, Result};
use lyceum::media::tidying::{self, Unfinished};
use serde::Serialize;

use super::ingest::{self, Outcome};

/// What was done.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Uploads that were there, and that no event had told of, or whose judging broke off.
    taken_up: u64,
    /// Uploads that never arrived in time.
    unfinished_removed: u64,
    rejected_forgotten: u64,
    /// Files of lessons and courses that are gone; they are removed an hour later at the earliest.
    freed: u64,
    files_removed: u64,
    orphans_removed: u64,
    /// Uploads that could not be judged this time either.
    failed: u64,
}

/// Everything that is to be done.
pub(crate) async fn tidy(app: &App) -> Result<Report> {
    let mut report = Report::default();
    let storage = app.storage()?;
    let mut read = app.read_as_system().await?;
    report.rejected_forgotten = tidying::forget_rejected(&mut read).await?;
    report.files_removed = tidying::remove_freed(&mut read, storage).await?;
    report.freed = tidying::free(&mut read).await?;
    for prefix in tidying::PREFIXES {
        let mut from = None;
        loop {
            let page = storage.list(prefix, from).await?;
            for key in tidying::orphans(&mut read, &page.objects).await? {
                tidying::remove_orphan(storage, &key).await?;
                report.orphans_removed += 1;
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    drop(read); // there may be only one connection
    let judged = take_up_unfinished(app, tidying::EVENT_LATE).await?; // the last: large files take long
    Ok(Report {
        taken_up: judged.taken_up,
        unfinished_removed: judged.unfinished_removed,
        failed: judged.failed,
        ..report
    })
}

/// Judges what is there and was not judged, and removes what expired without arriving.
pub(crate) async fn take_up_unfinished(app: &App, age: TimeDelta) -> Result<Report> {
    let (mut report, mut after) = (Report::default(), None);
    loop {
        let mut read = app.read_as_system().await?;
        let page = tidying::unfinished(&mut read, age, after).await?;
        drop(read);
        for upload in &page {
            match take_up(app, upload).await {
                Ok(done) => done.count(&mut report),
                // nothing works while S3 or the database is away; what one file can't stand, others may
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(upload = %upload.id, %error, "an upload could not be judged");
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

enum Done {
    TakenUp,
    Removed,
    Nothing,
}

impl Done {
    fn count(self, report: &mut Report) {
        match self {
            Self::TakenUp => report.taken_up += 1,
            Self::Removed => report.unfinished_removed += 1,
            Self::Nothing => {}
        }
    }
}

async fn take_up(app: &App, upload: &Unfinished) -> Result<Done> {
    let outcome = match ingest::find(app, upload.id).await? {
        Some(pin) if upload.given_up => Some(ingest::give_up(app, upload.id, &pin).await?),
        Some(pin) => Some(ingest::take_up(app, upload.id, &pin).await?),
        None => None,
    };
    match outcome {
        Some(Outcome::Ready | Outcome::Rejected) => return Ok(Done::TakenUp),
        Some(Outcome::Nothing | Outcome::Waiting) => return Ok(Done::Nothing),
        None if !upload.expired => return Ok(Done::Nothing),
        None => {}
    }
    let mut read = app.read_as_system().await?;
    tidying::remove_unfinished(&mut read, app.storage()?, upload).await?;
    Ok(Done::Removed)
}
