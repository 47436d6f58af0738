//! Judges what browsers sent, and shows what passed. S3's events start it (its own, and those of `EventBridge`), the
//! malware scan's, and maintenance, which finds what no event told; on Lambda, what fails is tried twice more, and then
//! lies in the on-failure queue. By hand, `{"redrive": true}` takes up everything that is there and was not judged,
//! `{"upload_id": "…"}` one upload.

use std::sync::Arc;

use chrono::TimeDelta;
use lambda_http::BoxFuture;
use lyceum::Function;
use lyceum::app::App;
use lyceum::error::{Error, Result};
use lyceum::function::{Grant, Trigger};
use lyceum::id::UploadId;
use lyceum::media::arrival::{self, Arrived, Claim, Settled};
use lyceum::media::checks::Rejection;
use lyceum::media::inspection::{self, Inspected, Scan};
use lyceum::media::storage::Pin;
use serde_json::{Value, json};

use super::tidy;

pub const FUNCTION: Function = Function::event("ingest", handler)
    .started_by(&[Trigger::Uploads])
    .may(&[Grant::InspectUploads])
    .memory(512)
    .timeout(900);

/// So often the database may ask for the same write again.
const ATTEMPTS: u32 = 3;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ready,
    Rejected,
    /// The malware scan has not looked at it yet; its event starts this again.
    Waiting,
    /// It was judged before, or is no upload's (any more).
    Nothing,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Rejected => "rejected",
            Self::Waiting => "waiting",
            Self::Nothing => "nothing to do",
        }
    }
}

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        if event["redrive"] == true {
            return Ok(serde_json::to_value(tidy::take_up_unfinished(&app, TimeDelta::zero()).await?)?);
        }
        let mut outcomes = Vec::new();
        for (id, pin) in arrivals(&event) {
            let pin = match pin {
                Some(pin) => Some(pin),
                None => find(&app, id).await?,
            };
            let outcome = match pin {
                Some(pin) => take_up(&app, id, &pin).await?,
                None => Outcome::Nothing,
            };
            outcomes.push(json!({ "upload_id": id, "outcome": outcome.name() }));
        }
        Ok(json!({ "uploads": outcomes }))
    })
}

/// The uploads that an event tells of, with the content that it means. Other objects are none of ours.
fn arrivals(event: &Value) -> Vec<(UploadId, Option<Pin>)> {
    if let Some(id) = event["upload_id"].as_str() {
        return id.parse().into_iter().map(|id| (id, None)).collect();
    }
    let scanned = &event["detail"]["s3ObjectDetails"];
    if let Some(key) = scanned["objectKey"].as_str() {
        return arrival(arrival::upload_of(key), &scanned["eTag"], &scanned["versionId"]).into_iter().collect();
    }
    let created = &event["detail"]["object"];
    if let Some(key) = created["key"].as_str() {
        return arrival(arrival::upload_of(key), &created["etag"], &created["version-id"]).into_iter().collect();
    }
    let records = event["Records"].as_array().into_iter().flatten();
    let objects = records.map(|record| &record["s3"]["object"]).filter_map(|object| {
        arrival(arrival::upload_of_encoded(object["key"].as_str()?), &object["eTag"], &object["versionId"])
    });
    objects.collect()
}

fn arrival(id: Option<UploadId>, e_tag: &Value, version: &Value) -> Option<(UploadId, Option<Pin>)> {
    let version = version.as_str().filter(|version| !version.is_empty() && *version != "null");
    let pin = e_tag.as_str().map(|e_tag| Pin {
        e_tag: format!("\"{}\"", e_tag.trim_matches('"')), // in events it has no quotes
        version: version.map(ToOwned::to_owned),
    });
    Some((id?, pin))
}

/// The content that is to be judged: the one that was taken up before, else what is there.
pub(crate) async fn find(app: &App, id: UploadId) -> Result<Option<Pin>> {
    let mut read = app.read_as_system().await?;
    if let Some(pin) = arrival::pinned(&mut read, id).await? {
        return Ok(Some(pin));
    }
    drop(read);
    Ok(app.storage()?.head(&arrival::source(id)).await?.map(|object| object.pin))
}

/// Judges a file, and shows it or turns it down. Whatever breaks in between is taken up by the next call, and two calls
/// at once come to one result.
pub(crate) async fn take_up(app: &App, id: UploadId, pin: &Pin) -> Result<Outcome> {
    let storage = app.storage()?;
    let mut tx = app.write_as_system().await?;
    let claim = arrival::claim(&mut tx, id, pin).await?;
    tx.commit_unaudited("that a file arrived is no change by anyone").await?;
    let arrived = match claim {
        Claim::Ours(arrived) => arrived,
        Claim::Pointless(arrived, why) => return reject(app, &arrived, &why).await,
        // In a bucket without versions it replaced the content that counts; the check of that content finds out.
        Claim::Late if pin.version.is_none() => return Ok(Outcome::Nothing),
        Claim::Late => {
            storage.remove_pinned(&arrival::source(id), pin).await?;
            return Ok(Outcome::Nothing);
        }
        // Its form or its parts were sent again; no upload needs any content of this key.
        Claim::Done => {
            storage.remove_versions(&arrival::source(id)).await?;
            return Ok(Outcome::Nothing);
        }
    };
    if app.settings.malware_scan {
        match inspection::scan(storage, &arrived).await? {
            Scan::Clean => {}
            Scan::Waiting => return Ok(Outcome::Waiting),
            Scan::Refused(why) => return reject(app, &arrived, &why).await,
        }
    }
    match inspection::inspect(storage, &arrived).await? {
        Ok(inspected) => accept(app, &arrived, inspected).await,
        Err(why) => reject(app, &arrived, &why).await,
    }
}

/// Copies the very content that was judged to where it is served from, and shows it.
async fn accept(app: &App, arrived: &Arrived, inspected: Inspected) -> Result<Outcome> {
    let (storage, target) = (app.storage()?, arrived.target()?);
    let copied = if let Some(made) = inspected.made {
        storage.put(&target, "image/jpeg", made).await?;
        true
    } else {
        let size = u64::try_from(arrived.size_bytes).unwrap_or_default();
        storage.copy(&arrived.source(), &arrived.pin, size, &target, arrived.file_type.content_type).await?
    };
    if !copied {
        return reject(app, arrived, &inspection::gone()).await;
    }
    let mut attempt = 1;
    let settled = loop {
        let mut tx = app.write_as_system().await?;
        match arrival::accept(&mut tx, storage, arrived, &inspected.facts).await {
            Ok((settled, Some(done))) => {
                tx.commit(done).await?;
                break settled;
            }
            Ok((settled, None)) => break settled,
            Err(Error::Retry(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    if settled == Settled::Rejected {
        storage.remove(&target).await?;
    }
    finish(app, arrived, settled).await
}

/// Turns down what nobody could judge for days.
pub(crate) async fn give_up(app: &App, id: UploadId, pin: &Pin) -> Result<Outcome> {
    let mut tx = app.write_as_system().await?;
    let claim = arrival::claim(&mut tx, id, pin).await?;
    tx.commit_unaudited("that a file arrived is no change by anyone").await?;
    match claim {
        Claim::Ours(arrived) => reject(app, &arrived, &inspection::not_judged()).await,
        Claim::Pointless(arrived, why) => reject(app, &arrived, &why).await,
        Claim::Late | Claim::Done => Ok(Outcome::Nothing),
    }
}

async fn reject(app: &App, arrived: &Arrived, why: &Rejection) -> Result<Outcome> {
    let mut tx = app.write_as_system().await?;
    let (settled, done) = arrival::reject(&mut tx, arrived, why).await?;
    if let Some(done) = done {
        tx.commit(done).await?;
        tracing::info!(upload = %arrived.id, code = why.code, "an upload was rejected");
    }
    finish(app, arrived, settled).await
}

/// Removes everything that the browser sent: nothing needs it any more.
async fn finish(app: &App, arrived: &Arrived, settled: Settled) -> Result<Outcome> {
    app.storage()?.remove_versions(&arrived.source()).await?;
    Ok(match settled {
        Settled::Ready => Outcome::Ready,
        Settled::Rejected => Outcome::Rejected,
        Settled::Already => Outcome::Nothing,
    })
}
