//! A large video all the way, as a browser sends it: asked for, sent in parts, put together, judged by the `ingest` binary
//! in a process of its own, and played by ranges. What the process needed at most is read from the kernel.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use axum::body::Bytes;
use clap::Args;
use lyceum_local::demo::{self, large_video};
use lyceum_local::stack::{Options as StackOptions, Stack};
use lyceum_local::trigger::Invoke;
use reqwest::Method;
use reqwest::header::RANGE;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::emulator::{Emulator, Outcome};
use crate::package::find_binary;
use crate::process::{FunctionProcess, Program};

const FUNCTION: &str = "ingest";
const INSTRUCTOR: &str = "instructor@demo.test";
const COURSE: &str = "web-request-to-database";
/// How much a player asks for at once.
const RANGE_READ: usize = 1 << 20;

#[derive(Args)]
pub struct Options {
    /// The video, in megabytes
    #[arg(long, default_value_t = 300)]
    megabytes: u64,
    /// What `ingest` may need at most, in megabytes
    #[arg(long, default_value_t = 32)]
    memory: u64,
    /// Folder of the binary, ingest/bootstrap or ingest [default: target/lambda, then target/release]
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
}

/// An event on its way to the process, and back.
type Called = (Value, oneshot::Sender<Result<Value>>);

pub async fn run(options: Options, target: &Path) -> Result<()> {
    let path = find_binary(FUNCTION, target, options.bin_dir.as_deref())?;
    let folder = tempfile::tempdir()?;
    let (call, mut calls) = mpsc::unbounded_channel::<Called>();
    let stack = StackOptions { port: 0, hosts: Vec::new(), data_dir: folder.path().join("data"), database_url: None };
    let elsewhere = |function: &str| (function == FUNCTION).then(|| sending(call.clone()));
    let stack = Stack::start_beside(&stack, |_| {}, elsewhere).await?;
    let pairs = stack.environment.to_string();
    let environment = pairs.lines().filter_map(|line| line.split_once('='));
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut emulator = Emulator::start(FUNCTION).await?;
    let log = target.join("bench").join("soak.log");
    std::fs::create_dir_all(target.join("bench"))?;
    let program = Program { path, arguments: Vec::new(), environment };
    let process = FunctionProcess::start(&program, FUNCTION, &emulator.address(), &log)?;

    let serving = async {
        while let Some((event, answer)) = calls.recv().await {
            let report = emulator.invoke(Bytes::from(event.to_string())).await?;
            println!("{:<34} {:>8.2} s", "judged and copied", report.took.as_secs_f64());
            let _ = answer.send(match report.outcome {
                Outcome::Answered(said) => Ok(serde_json::from_slice(&said)?),
                Outcome::Failed(why) | Outcome::FailedToStart(why) => {
                    Err(anyhow::anyhow!("{}", String::from_utf8_lossy(&why)))
                }
            });
        }
        bail!("the stack ended")
    };
    let journey = tokio::select! {
        done = journey(&stack.url, options.megabytes * 1_000_000) => done,
        ended = serving => ended,
    };
    journey.with_context(|| process.last_lines())?;
    let memory = process.memory()?;
    let peak = memory.peak.div_ceil(1_000_000);
    println!("{:<34} {peak:>8} MB", "ingest needed at most");
    process.stop().await?;
    stack.stop().await?;
    ensure!(peak < options.memory, "that is not under {} MB", options.memory);
    Ok(())
}

fn sending(call: mpsc::UnboundedSender<Called>) -> Invoke {
    std::sync::Arc::new(move |event| {
        let call = call.clone();
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            call.send((event, answer)).ok().context("the soak is over")?;
            answered.await.context("the soak is over")?
        })
    })
}

async fn journey(url: &str, size: u64) -> Result<()> {
    let mut video = Vec::new();
    large_video(size, &mut video)?;
    let api = Api::sign_in(url).await?;
    let outline = api.call(Method::GET, &format!("/v1/courses/{COURSE}/outline"), Value::Null).await?;
    let lesson = outline["sections"][0]["lessons"][0]["id"].as_str().context("the course has no lesson")?;

    let began = Instant::now();
    let body = json!({ "kind": "video", "file_name": "soak.mp4", "content_type": "video/mp4", "size_bytes": size });
    let asked = api.call(Method::POST, &format!("/v1/lessons/{lesson}/uploads"), body).await?;
    let (mut parts, mut at) = (Vec::new(), 0);
    for part in asked["parts"].as_array().context("it goes by no parts")? {
        let end = at + usize::try_from(part["size_bytes"].as_u64().context("a part has no size")?)?;
        let put = api.client.put(part["url"].as_str().context("a part has no URL")?);
        let sent = put.body(video[at..end].to_vec()).send().await?.error_for_status()?;
        let e_tag = sent.headers().get("etag").context("S3 gave no ETag")?.to_str()?;
        parts.push(json!({ "part_number": part["part_number"], "etag": e_tag }));
        at = end;
    }
    let upload = format!("/v1/uploads/{}", asked["upload_id"].as_str().context("no upload_id")?);
    tell(&format!("sent in {} parts", parts.len()), began);
    let began = Instant::now();
    api.call(Method::POST, &format!("{upload}/complete"), json!({ "parts": parts })).await?;
    tell("put together", began);
    loop {
        match api.call(Method::GET, &upload, Value::Null).await?["status"].as_str() {
            Some("ready") => break,
            Some("pending" | "processing") => tokio::time::sleep(Duration::from_millis(200)).await,
            other => bail!("it is {other:?}"),
        }
    }
    tell("ready", began);

    let media = api.call(Method::GET, &format!("/v1/lessons/{lesson}/media"), Value::Null).await?;
    let url = media["video"]["url"].as_str().context("the lesson has no video")?;
    let began = Instant::now();
    let last = video.len().saturating_sub(RANGE_READ);
    for start in (0..video.len()).step_by(RANGE_READ).chain([last, video.len() / 2, 0]) {
        let end = (start + RANGE_READ).min(video.len());
        let range = format!("bytes={start}-{}", end - 1);
        let part = api.client.get(url).header(RANGE, &range).send().await?;
        ensure!(part.status() == 206, "{range}: {}", part.status());
        ensure!(part.bytes().await? == video[start..end], "{range}: other bytes");
    }
    tell("played by ranges, the same bytes", began);
    Ok(())
}

fn tell(what: &str, began: Instant) {
    println!("{what:<34} {:>8.2} s", began.elapsed().as_secs_f64());
}

/// The API, as the demo's instructor.
struct Api {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    async fn sign_in(url: &str) -> Result<Self> {
        let mut api = Self { client: reqwest::Client::new(), url: url.to_owned(), token: String::new() };
        let body = json!({ "identifier": INSTRUCTOR, "password": demo::PASSWORD });
        let said = api.call(Method::POST, "/v1/auth/login", body).await?;
        said["access_token"].as_str().context("no token")?.clone_into(&mut api.token);
        Ok(api)
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !body.is_null() {
            request = request.json(&body);
        }
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let answer = request.send().await?;
        let (status, said) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path}: {status} {said}");
        Ok(serde_json::from_str(&said)?)
    }
}
