//! Measures the release Lambda binaries: their size, start, speed, memory and CPU, one row each,
//! under a Lambda Runtime API on loopback. Figures of this machine, printed with its cores and load,
//! never asserted; the first row is the cheapest function possible, measured in the same way.
//!
//! `cargo build --release -p lyceum-functions` first, and the local stack for what needs a database:
//! `env $(cargo run -q -- env) cargo run -p lyceum-bench -- health courses`
//!
//! `cargo run -p lyceum-bench -- soak` sends a large video all the way, and reads what `ingest` needed for it.
//! `cargo run -p lyceum-bench -- markdown` renders Markdown that was made to be slow, and prints its CPU time.
//! `cargo run -p lyceum-bench -- contention` measures what many calls at one row cost, and repeated statements, in a minute.
//! `cargo run -p lyceum-bench -- sizes` writes rows as the functions do, and prints bytes a row for each table and index.
//! `cargo run -p lyceum-bench -- scale` measures pages and writes at two sizes, beside pgbench, on databases of its own.

mod contention;
mod emulator;
mod markdown;
mod measure;
mod package;
mod process;
mod reference;
mod scale;
mod soak;
mod statuses;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use axum::body::Bytes;
use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand};

use measure::{Figures, Plan, measure};
use package::{Package, all_functions, find_binary};
use process::{Program, bare_start, read_environment};
use table::Table;

/// Measure release Lambda binaries under a Runtime API emulator on loopback.
///
/// Times are milliseconds, sizes and memory are megabytes of 10^6 bytes.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Functions to measure [default: each of functions/src/bin]
    #[arg(value_name = "FUNCTION")]
    functions: Vec<String>,
    /// Warm invocations of each function
    #[arg(long, default_value_t = 200, value_parser = RangedU64ValueParser::<u32>::new().range(1..))]
    invocations: u32,
    /// Starts of each function; the time to the first answer is their median
    #[arg(long, default_value_t = 5, value_parser = RangedU64ValueParser::<u32>::new().range(1..))]
    starts: u32,
    /// Folder of the events, NAME.json [default: functions/events]
    #[arg(long, value_name = "DIR")]
    events: Option<PathBuf>,
    /// Folder of the binaries, NAME/bootstrap or NAME [default: target/lambda, then target/release]
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// File of NAME=value lines, added to the functions' environment
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Be the function of the reference row
    #[arg(long, hide = true)]
    be_reference: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Measure calls that meet at one row, statements that are repeated on one connection, and edits of a course
    Contention(contention::Options),
    /// Measure what rendering Markdown costs: texts made to be slow beside an ordinary one
    Markdown,
    /// Measure pages and writes on a small and a large catalogue, beside pgbench
    Scale(scale::Options),
    /// Write rows as the functions do, and measure what a million of them take
    Sizes(contention::sizes::Options),
    /// Send a large video from a browser's calls to its playing, and read the memory of `ingest`
    Soak(soak::Options),
}

/// Where things are.
struct Bench {
    root: PathBuf,
    target: PathBuf,
    environment: Vec<(String, String)>,
    plan: Plan,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    if options.be_reference {
        reference::serve()?;
        return Ok(ExitCode::SUCCESS);
    }
    // One thread: the function has the other cores for itself, and no hand-over is measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            done = run(options) => done,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::FAILURE), // dropping the run kills its process
        }
    })
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("no workspace")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    if let Some(command) = options.command {
        println!("{}", machine()?);
        match command {
            Command::Contention(options) => contention::run(options, &target).await?,
            Command::Markdown => markdown::run().await?,
            Command::Scale(options) => scale::run(options, &target).await?,
            Command::Sizes(options) => contention::sizes::run(options, &target).await?,
            Command::Soak(options) => soak::run(options, &target).await?,
        }
        println!("{}", machine()?);
        return Ok(ExitCode::SUCCESS);
    }
    let environment = options.env_file.as_deref().map(read_environment).transpose()?;
    let bench = Bench {
        root: root.to_owned(),
        target,
        environment: environment.unwrap_or_default(),
        plan: Plan { starts: options.starts, invocations: options.invocations },
    };
    fs::create_dir_all(bench.target.join("bench"))?;
    let functions = if options.functions.is_empty() { all_functions(root)? } else { options.functions };
    let events = options.events.unwrap_or_else(|| bench.root.join("functions/events"));

    println!("{}", machine()?);
    println!(
        "process start of /bin/true: {:.2} ms; first answer: median of {} starts; then {} warm invocations\n",
        bare_start(20).await?.as_secs_f64() * 1e3,
        options.starts,
        options.invocations,
    );
    let table = Table::wide_enough_for(&functions);
    println!("{}", table.header());
    let reference =
        Program { path: std::env::current_exe()?, arguments: vec!["--be-reference"], environment: Vec::new() };
    let figures = bench.measure("reference", &reference, &Bytes::from_static(b"{}")).await?;
    println!("{}", table.row("(reference)", None, Some(&figures)));

    let mut failed = false;
    for name in &functions {
        let (package, figures) = bench.function(name, &events, options.bin_dir.as_deref()).await;
        let row = table.row(name, package.as_ref().ok(), figures.as_ref().ok());
        println!("{row}");
        if let Some(failure) = package.err().or(figures.err()) {
            eprintln!("  {name}: {failure:#}");
            failed = true;
        }
    }
    println!("\n{}", machine()?);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Bench {
    /// The size and the figures of one function, each as far as it can be had.
    async fn function(
        &self,
        name: &str,
        events: &Path,
        bin_dir: Option<&Path>,
    ) -> (anyhow::Result<Package>, anyhow::Result<Figures>) {
        let path = match find_binary(name, &self.target, bin_dir) {
            Ok(path) => path,
            Err(missing) => return (Err(missing), Err(anyhow::anyhow!("not built"))),
        };
        let package = Package::of(&path);
        let environment = self.environment.clone();
        let program = Program { path, arguments: Vec::new(), environment };
        let event = events.join(format!("{name}.json"));
        let event = fs::read(&event).with_context(|| format!("no event {}", event.display()));
        let figures = match event {
            Ok(event) => self.measure(name, &program, &event.into()).await,
            Err(missing) => Err(missing),
        };
        (package, figures)
    }

    async fn measure(&self, name: &str, program: &Program, event: &Bytes) -> anyhow::Result<Figures> {
        let log = self.target.join("bench").join(format!("{name}.log"));
        measure(name, program, event, self.plan, &log).await
    }
}

/// What the figures depend on: this machine's cores, and its load of the last 1, 5 and 15 minutes.
fn machine() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load: Vec<&str> = load.split(' ').take(3).collect();
    Ok(format!("{cores} cores, load average {}", load.join(" ")))
}
