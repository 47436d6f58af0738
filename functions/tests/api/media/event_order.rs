//! Events that come twice, late, out of order or never lead to the same state as events in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::harness::{CreatedUpload, NewUpload, course, lesson};
use super::samples;
use crate::harness::{CourseInProgress, Lyceum, Random};

const LESSONS: usize = 8;

/// Uploads a file to one of the lessons: a video, a document or a file that will be rejected, depending on `number`.
async fn send(lyceum: &Lyceum, course: &CourseInProgress, number: usize) -> (CreatedUpload, Value) {
    let (extension, bytes) = match number % 5 {
        0 => ("mp4", samples::mp4_of(1000 * u32::try_from(number).unwrap() + 1)),
        1 => ("pdf", b"no pdf".to_vec()),
        2 => ("txt", format!("text {number}").into_bytes()),
        3 => ("csv", format!("a;{number}").into_bytes()),
        _ => ("webm", samples::webm()),
    };
    let sent = lyceum.create_upload(&NewUpload::of(course, number % LESSONS, extension, bytes.len())).await;
    let event = lyceum.send_file(&sent, bytes).await;
    (sent, event)
}

/// Returns the final state of lessons, uploads and objects. Upload ids are replaced by their numbers.
async fn state(lyceum: &Lyceum, course: &CourseInProgress, sent: &[CreatedUpload]) -> Value {
    let numbers: BTreeMap<String, usize> =
        sent.iter().enumerate().map(|(number, sent)| (sent.id.to_string(), number)).collect();
    let number = |path: &Value| {
        let name = path.as_str()?.rsplit('/').next()?.split('.').next()?.to_owned();
        numbers.get(&name).copied()
    };
    let mut lessons = Vec::new();
    for index in 0..LESSONS {
        let lesson = lesson(course, index).await;
        let documents: Vec<_> = lesson["document_paths"].as_array().unwrap().iter().map(number).collect();
        lessons.push(json!([number(&lesson["self_hosted_video_path"]), lesson["duration_minutes"], documents]));
    }
    let mut uploads = Vec::new();
    for one in sent {
        let row = lyceum.upload_row(one).await;
        uploads.push(json!([row["status"], row["rejection_code"], row["freed_at"].is_null(), row["duration_seconds"]]));
    }
    let mut keys: Vec<_> = lyceum.object_keys().await.iter().map(|key| number(&json!(key))).collect();
    keys.sort_unstable();
    json!({ "lessons": lessons, "uploads": uploads, "keys": keys })
}

async fn in_order(count: usize) -> Value {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, LESSONS).await;
    let mut sent = Vec::new();
    for number in 0..count {
        let (one, event) = send(&lyceum, &course, number).await;
        lyceum.run("ingest", event).await;
        sent.push(one);
    }
    state(&lyceum, &course, &sent).await
}

/// Sends events, eight at a time. About 30 % come twice, late or out of order, and 1 % are lost.
async fn in_disorder(events: usize, seed: u64) -> (Value, usize) {
    let lyceum = Lyceum::today().await;
    let course = course(&lyceum, LESSONS).await;
    let mut random = Random(seed);
    let (mut sent, mut queue) = (Vec::new(), Vec::new());
    while queue.len() < events {
        let (one, event) = send(&lyceum, &course, sent.len()).await;
        sent.push(one);
        match random.below(100) {
            0 => {}                                                    // lost
            1..=10 => queue.extend([event.clone(), event]),            // twice
            11..=20 => queue.insert(random.below(queue.len()), event), // earlier
            21..=30 => {
                queue.push(event.clone());
                queue.insert(random.below(queue.len()), event); // twice, at different times
            }
            _ => queue.push(event),
        }
    }
    let queue = Arc::new(tokio::sync::Mutex::new(queue.into_iter()));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (lyceum, queue) = (lyceum.clone(), queue.clone());
            tokio::spawn(async move {
                loop {
                    let next = queue.lock().await.next();
                    let Some(event) = next else { return };
                    lyceum.run("ingest", event).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    lyceum.clock.advance(chrono::TimeDelta::minutes(15));
    lyceum.run("maintain", json!({})).await; // processes the lost events
    let state = state(&lyceum, &course, &sent).await;
    (state, sent.len())
}

/// Asserts that events in disorder lead to the same state as events in order.
pub async fn compare(events: usize, seed: u64) {
    let (found, uploads) = in_disorder(events, seed).await;
    let expected = in_order(uploads).await;
    for part in ["lessons", "uploads", "keys"] {
        assert_eq!(found[part], expected[part], "{part}, with the seed {seed}");
    }
}

/// Run it with `cargo test --workspace --test api ten_thousand_events -- --ignored`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn ten_thousand_events_in_disorder_lead_to_the_same_state_as_in_order() {
    compare(10_000, 20_261_125).await;
}
