//! Checks uploaded files, and shows those that pass.
//!
//! Started by events of S3 (sent directly or through `EventBridge`), by the events of the malware scan, and by maintenance
//! for files whose event was lost. Lambda retries a failed event twice, and then puts it into the on-failure queue.
//! Operators can send `{"redrive": true}` to process all files that are waiting, or `{"upload_id": "…"}` for one upload.

use std::sync::Arc;

use chrono::TimeDelta;
use lambda_http::BoxFuture;
use lyceum::Function;
use lyceum::app::App;
use lyceum::error::{Error, Result};
use lyceum::function::{Grant, Trigger};
use lyceum::id::UploadId;
use lyceum::media::checks::Rejection;
use lyceum::media::processing::claim::{self, Claim, ReceivedUpload};
use lyceum::media::processing::inspect::{self, Inspection, ScanResult};
use lyceum::media::processing::publish::{self, Resolution};
use lyceum::media::storage::ObjectVersion;
use lyceum::media::upload_key;
use serde_json::{Value, json};

use super::cleanup;

pub const FUNCTION: Function = Function::event("ingest", handler)
    .started_by(&[Trigger::Uploads])
    .may(&[Grant::InspectUploads])
    .memory(512)
    .timeout(900);

/// Attempts at the write that publishes a file; serialization failures are retried.
const MAX_ATTEMPTS: u32 = 3;

/// The result of processing an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ready,
    Rejected,
    /// The malware scan is not finished. Its event starts the processing again.
    Waiting,
    /// The upload was processed before, or does not exist.
    NothingToDo,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Rejected => "rejected",
            Self::Waiting => "waiting",
            Self::NothingToDo => "nothing to do",
        }
    }
}

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        if event["redrive"] == true {
            return Ok(serde_json::to_value(cleanup::process_unfinished(&app, TimeDelta::zero()).await?)?);
        }
        let mut outcomes = Vec::new();
        for (id, version) in received_uploads(&event) {
            let version = match version {
                Some(version) => Some(version),
                None => find_version(&app, id).await?,
            };
            let outcome = match version {
                Some(version) => process(&app, id, &version).await?,
                None => Outcome::NothingToDo,
            };
            outcomes.push(json!({ "upload_id": id, "outcome": outcome.name() }));
        }
        Ok(json!({ "uploads": outcomes }))
    })
}

/// Returns the uploads that an event names, with the object version if the event has it. Ignores all other objects.
fn received_uploads(event: &Value) -> Vec<(UploadId, Option<ObjectVersion>)> {
    if let Some(id) = event["upload_id"].as_str() {
        return id.parse().into_iter().map(|id| (id, None)).collect();
    }
    let scanned = &event["detail"]["s3ObjectDetails"];
    if let Some(key) = scanned["objectKey"].as_str() {
        return received(upload_key::parse(key), &scanned["eTag"], &scanned["versionId"]).into_iter().collect();
    }
    let created = &event["detail"]["object"];
    if let Some(key) = created["key"].as_str() {
        return received(upload_key::parse(key), &created["etag"], &created["version-id"]).into_iter().collect();
    }
    let records = event["Records"].as_array().into_iter().flatten();
    let objects = records.map(|record| &record["s3"]["object"]).filter_map(|object| {
        received(upload_key::parse_encoded(object["key"].as_str()?), &object["eTag"], &object["versionId"])
    });
    objects.collect()
}

fn received(id: Option<UploadId>, e_tag: &Value, version_id: &Value) -> Option<(UploadId, Option<ObjectVersion>)> {
    let version_id = version_id.as_str().filter(|id| !id.is_empty() && *id != "null");
    let version = e_tag.as_str().map(|e_tag| ObjectVersion {
        e_tag: format!("\"{}\"", e_tag.trim_matches('"')), // events leave out the quotes
        version_id: version_id.map(ToOwned::to_owned),
    });
    Some((id?, version))
}

/// Returns the object version to process: the one that was claimed before, or else the current one.
pub(crate) async fn find_version(app: &App, id: UploadId) -> Result<Option<ObjectVersion>> {
    let mut read = app.read_as_system().await?;
    if let Some(version) = claim::claimed_version(&mut read, id).await? {
        return Ok(Some(version));
    }
    drop(read);
    Ok(app.storage()?.head(&upload_key::of(id)).await?.map(|object| object.version))
}

/// Checks a file, and publishes or rejects it. After a failure, the next call continues. Calls at the same time for one
/// upload have one result.
pub(crate) async fn process(app: &App, id: UploadId, version: &ObjectVersion) -> Result<Outcome> {
    let storage = app.storage()?;
    let mut tx = app.write_as_system().await?;
    let claim = claim::claim(&mut tx, id, version).await?;
    tx.commit_unaudited("the arrival of a file is not an action of a user").await?;
    let upload = match claim {
        Claim::Inspect(upload) => upload,
        Claim::Reject(upload, why) => return reject(app, &upload, &why).await,
        // In a bucket without versions, this file has overwritten the claimed one; the check of the claimed one will see it.
        Claim::OtherVersion if version.version_id.is_none() => return Ok(Outcome::NothingToDo),
        Claim::OtherVersion => {
            storage.remove_version(&upload_key::of(id), version).await?;
            return Ok(Outcome::NothingToDo);
        }
        // The form or the parts were sent again after the upload was finished; nothing needs the object.
        Claim::Finished => {
            storage.remove_versions(&upload_key::of(id)).await?;
            return Ok(Outcome::NothingToDo);
        }
    };
    if app.settings.malware_scan {
        match inspect::scan_result(storage, &upload).await? {
            ScanResult::Clean => {}
            ScanResult::Pending => return Ok(Outcome::Waiting),
            ScanResult::Refused(why) => return reject(app, &upload, &why).await,
        }
    }
    match inspect::inspect(storage, &upload).await? {
        Ok(inspection) => accept(app, &upload, inspection).await,
        Err(why) => reject(app, &upload, &why).await,
    }
}

/// Copies the checked object version to its target key, and publishes it.
async fn accept(app: &App, upload: &ReceivedUpload, inspection: Inspection) -> Result<Outcome> {
    let (storage, target) = (app.storage()?, upload.target_key()?);
    let copied = if let Some(jpeg) = inspection.rendered {
        storage.put(&target, "image/jpeg", jpeg).await?;
        true
    } else {
        let size = u64::try_from(upload.size_bytes).unwrap_or_default();
        storage.copy(&upload.source_key(), &upload.version, size, &target, upload.file_type.content_type).await?
    };
    if !copied {
        return reject(app, upload, &inspect::replaced()).await;
    }
    let mut attempt = 1;
    let resolution = loop {
        let mut tx = app.write_as_system().await?;
        match publish::publish(&mut tx, storage, upload, &inspection.facts).await {
            Ok((resolution, Some(entry))) => {
                tx.commit(entry).await?;
                break resolution;
            }
            Ok((resolution, None)) => break resolution,
            Err(Error::Retry(_)) if attempt < MAX_ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    if resolution == Resolution::Rejected {
        storage.remove(&target).await?;
    }
    finish(app, upload, resolution).await
}

/// Rejects an upload that could not be checked for days.
pub(crate) async fn give_up(app: &App, id: UploadId, version: &ObjectVersion) -> Result<Outcome> {
    let mut tx = app.write_as_system().await?;
    let claim = claim::claim(&mut tx, id, version).await?;
    tx.commit_unaudited("the arrival of a file is not an action of a user").await?;
    match claim {
        Claim::Inspect(upload) => reject(app, &upload, &inspect::processing_failed()).await,
        Claim::Reject(upload, why) => reject(app, &upload, &why).await,
        Claim::OtherVersion | Claim::Finished => Ok(Outcome::NothingToDo),
    }
}

async fn reject(app: &App, upload: &ReceivedUpload, why: &Rejection) -> Result<Outcome> {
    let mut tx = app.write_as_system().await?;
    let (resolution, entry) = publish::reject(&mut tx, upload, why).await?;
    if let Some(entry) = entry {
        tx.commit(entry).await?;
        tracing::info!(upload = %upload.id, code = why.code, "an upload was rejected");
    }
    finish(app, upload, resolution).await
}

/// Removes all versions of the uploaded object: it was copied or rejected.
async fn finish(app: &App, upload: &ReceivedUpload, resolution: Resolution) -> Result<Outcome> {
    app.storage()?.remove_versions(&upload.source_key()).await?;
    Ok(match resolution {
        Resolution::Ready => Outcome::Ready,
        Resolution::Rejected => Outcome::Rejected,
        Resolution::AlreadyResolved => Outcome::NothingToDo,
    })
}
