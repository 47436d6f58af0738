use std::sync::Mutex;

use anyhow::bail;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::*;

/// A storage whose objects are put as clients put them, and a function that does as it is told.
struct Fixture {
    folder: TempDir,
    storage: Arc<Storage>,
    /// The events so far.
    events: Arc<Mutex<Vec<Value>>>,
    heard: Arc<Notify>,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::start(&folder.path().join("s3"), 0, "key", "secret", "media-test").await.unwrap();
        Self { folder, storage: Arc::new(storage), events: Arc::default(), heard: Arc::default() }
    }

    /// A trigger whose function fails at so many events, at the beginning.
    fn trigger(&self, failures: usize) -> Trigger {
        let (events, heard) = (self.events.clone(), self.heard.clone());
        Trigger {
            function: "ingest".to_owned(),
            prefix: "uploads/".to_owned(),
            invoke: Arc::new(move |event| {
                let count = {
                    let mut events = events.lock().unwrap();
                    events.push(event);
                    events.len()
                };
                let heard = heard.clone();
                Box::pin(async move {
                    heard.notify_one();
                    match count {
                        1 if failures > 0 => panic!("this one"),
                        _ if count <= failures => bail!("no database"),
                        _ => Ok(json!({})),
                    }
                })
            }),
            delays: [Duration::ZERO; 2],
            clock: Clock::default(),
            failures: self.failures(),
        }
    }

    fn failures(&self) -> Failures {
        failures_of(self.folder.path(), "ingest")
    }

    async fn put(&self, key: &str) {
        let credentials = aws_sdk_s3::config::Credentials::new("key", "secret", None, None, "test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::new("eu-central-1"))
            .endpoint_url(self.storage.endpoint())
            .force_path_style(true)
            .credentials_provider(credentials);
        let client = aws_sdk_s3::Client::from_conf(config.build());
        client.put_object().bucket("media-test").key(key).body(b"text".to_vec().into()).send().await.unwrap();
    }

    /// Waits until so many events were handed out, and what came of them is known.
    async fn until(&self, events: usize, failures: usize) {
        let done = async {
            while self.keys().len() < events || self.failures().all().unwrap().len() < failures {
                tokio::select! {
                    () = self.heard.notified() => {}
                    () = tokio::task::yield_now() => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), done).await.expect("the events");
    }

    fn keys(&self) -> Vec<String> {
        let key = |event: &Value| event["detail"]["object"]["key"].as_str().unwrap().to_owned();
        self.events.lock().unwrap().iter().map(key).collect()
    }
}

#[tokio::test]
async fn what_is_created_below_the_prefix_starts_the_function() {
    let test = Fixture::new().await;
    let running = tokio::spawn(test.trigger(0).run(test.storage.clone()));
    tokio::task::yield_now().await; // it listens from here on
    for key in ["media/1", "uploads/a b", "public/x", "uploads/2"] {
        test.put(key).await;
    }
    test.until(2, 0).await;
    let mut keys = test.keys();
    keys.sort();
    assert_eq!(keys, ["uploads/2", "uploads/a b"]);
    let sequencers: HashSet<_> =
        test.events.lock().unwrap().iter().map(|event| event["detail"]["object"]["sequencer"].clone()).collect();
    assert_eq!(sequencers.len(), 2);
    running.abort();
}

#[tokio::test]
async fn what_was_under_way_when_the_stack_was_killed_is_told_again() {
    let test = Fixture::new().await;
    test.put("uploads/1").await;
    test.put("uploads/2").await;
    test.put("media/1").await;
    let running = tokio::spawn(test.trigger(0).run(test.storage.clone()));
    test.until(2, 0).await;
    running.abort();
    let mut keys = test.keys();
    keys.sort();
    assert_eq!(keys, ["uploads/1", "uploads/2"]);
}

#[tokio::test]
async fn a_function_that_fails_twice_is_tried_a_third_time() {
    let test = Fixture::new().await;
    test.put("uploads/1").await;
    let running = tokio::spawn(test.trigger(2).run(test.storage.clone()));
    test.until(3, 0).await;
    running.abort();
    assert_eq!(test.keys(), ["uploads/1"; 3]);
    let events = test.events.lock().unwrap();
    assert!(events.iter().all(|event| *event == events[0]), "each try gets the same event");
    assert!(test.failures().all().unwrap().is_empty());
}

#[tokio::test]
async fn what_fails_three_times_waits_until_it_is_driven_again() {
    let test = Fixture::new().await;
    test.put("uploads/1").await;
    let running = tokio::spawn(test.trigger(3).run(test.storage.clone()));
    test.until(3, 1).await;
    running.abort();
    let failures = test.failures().all().unwrap();
    assert_eq!((failures.len(), failures[0].key().as_deref()), (1, Some("uploads/1")));
    assert_eq!(failures[0].event(), test.events.lock().unwrap()[0]);

    // A stack that starts anew leaves it alone, and works on.
    let running = tokio::spawn(test.trigger(0).run(test.storage.clone()));
    tokio::task::yield_now().await;
    test.put("uploads/2").await;
    test.until(4, 1).await;
    running.abort();
    assert_eq!(test.keys(), ["uploads/1", "uploads/1", "uploads/1", "uploads/2"]);

    // Driven again, it fails again and is kept, or is done with.
    let fails = test.trigger(usize::MAX).invoke;
    let told = redrive(&test.failures(), &fails).await.unwrap_err().to_string();
    assert!(told.contains("uploads/1: no database") && told.contains("1 of 1 failed again"), "{told}");
    let works = test.trigger(0).invoke;
    assert_eq!(redrive(&test.failures(), &works).await.unwrap(), 1);
    assert_eq!(redrive(&test.failures(), &works).await.unwrap(), 0);
    assert_eq!(test.keys().len(), 6);
}
