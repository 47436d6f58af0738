//! `cargo run`: starts Lyceum on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use lyceum_local::seed::{self, Sizes};
use lyceum_local::stack::{Environment, Options, Stack};
use lyceum_local::welcome::welcome;
use lyceum_local::{generate, operator, rehearsal};
use tokio::signal::unix::{SignalKind, signal};

/// Lyceum on this machine: Postgres, S3, mail, and all functions behind one address.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port of the API; 0 picks a free one
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The folder for all data
    #[arg(long, default_value = ".local", global = true)]
    data_dir: PathBuf,
    /// Accept another host name, such as this machine's name in its network; may be repeated
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Use a running Postgres: the URL of a database, as its owner
    #[arg(long, global = true)]
    database_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the environment of the running stack, as KEY=value lines
    Env,
    /// Write the files that follow from the descriptions of the functions: binaries, templates, documents
    Generate,
    /// Recompute every learner's progress and report differences
    CheckProgress,
    /// Fill the database with a large catalogue and learners, for measurements
    Seed {
        #[arg(long, default_value_t = 10_000)]
        courses: u32,
        #[arg(long, default_value_t = 5_000)]
        users: u32,
        #[arg(long, default_value_t = 100_000)]
        completions: u32,
    },
    /// Rehearse a recovery: drop a table on a separate Postgres and restore it from a backup
    RehearseRestore,
    /// Manage administrators, in the running stack or in --database-url
    #[command(subcommand)]
    Admin(Admin),
    /// Invoke a function of the running stack: `invoke rotate-keys`, `invoke deliver-mail '{"redrive": true}'`
    Invoke {
        /// The name of the function, as in the README
        function: String,
        /// The event, as JSON
        event: Option<String>,
    },
    /// Invoke a function again with the events that it failed to handle three times: `redrive ingest`
    Redrive {
        /// The name of the function, as in the README
        function: String,
    },
}

#[derive(Subcommand)]
enum Admin {
    /// Create an administrator and print the link to choose the password
    Create {
        #[arg(long)]
        email: String,
        /// Default: the part of the email before the @
        #[arg(long)]
        username: Option<String>,
    },
}

/// The default of `RUST_LOG`: logs requests, but not the schedules, which run every second here.
const DEFAULT_LOG: &str = "warn,lyceum=info,lyceum_functions=info,lyceum_local=info,lyceum::run=warn,\
                    lyceum::jobs=warn,lyceum_functions::identity::deliver_mail=warn";

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_LOG.into()))
        .with_target(false)
        .init();
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Some(Command::Env) => Environment::of_running(&arguments.data_dir).map(|environment| print!("{environment}")),
        Some(Command::Generate) => generate::write(|path| println!("{path}")),
        Some(Command::CheckProgress) => check_progress(&arguments),
        &Some(Command::Seed { courses, users, completions }) => fill(&arguments, Sizes { courses, users, completions }),
        Some(Command::RehearseRestore) => rehearse_restore(),
        Some(Command::Admin(Admin::Create { email, username })) => {
            create_administrator(&arguments, email, username.as_deref())
        }
        Some(Command::Invoke { function, event }) => invoke(&arguments, function, event.as_deref()),
        Some(Command::Redrive { function }) => redrive(&arguments, function),
        None => run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Fails when a stored percentage differs from the recomputed one.
#[tokio::main]
async fn check_progress(arguments: &Arguments) -> Result<()> {
    let (data_dir, database_url) = (&arguments.data_dir, arguments.database_url.as_deref());
    println!("{}", operator::check_progress(data_dir, database_url).await?);
    Ok(())
}

/// Fills the given database, or that of the running stack.
#[tokio::main(flavor = "current_thread")]
async fn fill(arguments: &Arguments, sizes: Sizes) -> Result<()> {
    let url = if let Some(url) = &arguments.database_url {
        url.clone()
    } else {
        let running = Environment::of_running(&arguments.data_dir)?;
        running.get("DATABASE_OWNER_URL").context("the running stack has no DATABASE_OWNER_URL")?
    };
    seed::seed(&url, sizes, |step| println!("{step}")).await
}

/// Fails when the recovered data differs from the lost data.
#[tokio::main]
async fn rehearse_restore() -> Result<()> {
    rehearsal::restore(|step| println!("{step}")).await
}

#[tokio::main]
async fn create_administrator(arguments: &Arguments, email: &str, username: Option<&str>) -> Result<()> {
    let (data_dir, database_url) = (&arguments.data_dir, arguments.database_url.as_deref());
    println!("{}", operator::create_administrator(data_dir, database_url, email, username).await?);
    Ok(())
}

#[tokio::main]
async fn invoke(arguments: &Arguments, function: &str, event: Option<&str>) -> Result<()> {
    println!("{}", operator::invoke(&arguments.data_dir, function, event).await?);
    Ok(())
}

#[tokio::main]
async fn redrive(arguments: &Arguments, function: &str) -> Result<()> {
    println!("{}", operator::redrive(&arguments.data_dir, function).await?);
    Ok(())
}

#[tokio::main]
async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { port, hosts, data_dir, database_url, .. } = arguments;
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop_signal = async {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    tokio::pin!(stop_signal);

    let options = Options { port, hosts, data_dir, database_url };
    let stack = tokio::select! {
        stack = Stack::start(&options, |step| println!("{step}")) => stack?,
        () = &mut stop_signal => return Ok(()), // dropping the runtime stops what was started
    };
    println!("{}", welcome(&stack.url, stack.has_demo_accounts().await));
    stop_signal.await;
    println!("Stopping.");
    stack.stop().await
}
