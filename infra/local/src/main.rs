//! `cargo run`: Lyceum on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use lyceum_local::seed::{self, Sizes};
use lyceum_local::stack::{Environment, Options, Stack};
use lyceum_local::welcome::welcome;
use lyceum_local::{operator, rehearsal};
use tokio::signal::unix::{SignalKind, signal};

/// Lyceum on this machine: Postgres, S3, mail, and all functions behind one address.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port of the API; 0 picks a free one
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Where everything is kept between runs
    #[arg(long, default_value = ".local", global = true)]
    data_dir: PathBuf,
    /// Another name under which it may be called, such as this machine's in its network; may be repeated
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// A Postgres that runs already, as the owner of its database
    #[arg(long, global = true)]
    database_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the environment of the running stack, as KEY=value lines
    Env,
    /// Recompute every learner's progress from the facts, and tell what differs
    CheckProgress,
    /// Fill the database with a large catalogue and its learners, to measure with
    Seed {
        #[arg(long, default_value_t = 10_000)]
        courses: u32,
        #[arg(long, default_value_t = 5_000)]
        users: u32,
        #[arg(long, default_value_t = 100_000)]
        completions: u32,
    },
    /// Lose a table on a Postgres of its own, and recover it to the moment before
    RehearseRestore,
    /// Administrators, of the running stack or of --database-url
    #[command(subcommand)]
    Admin(Admin),
    /// Hand an event to a function of the running stack: `invoke rotate-keys`, `invoke deliver-mail '{"redrive": true}'`
    Invoke {
        /// A function's name, as in docs/functions.md
        function: String,
        /// The event, as JSON
        event: Option<String>,
    },
    /// Hand a function the events at which it failed three times: `redrive ingest`
    Redrive {
        /// A function's name, as in docs/functions.md
        function: String,
    },
}

#[derive(Subcommand)]
enum Admin {
    /// Make an administrator, and print the link with which they choose their password
    Create {
        #[arg(long)]
        email: String,
        /// The part of the email before its @, unless given
        #[arg(long)]
        username: Option<String>,
    },
}

/// What is told unless `RUST_LOG` says otherwise: the calls, but not each sweep of a schedule, one a second here.
const TOLD: &str = "warn,lyceum=info,lyceum_functions=info,lyceum_local=info,lyceum::run=warn,\
                    lyceum_functions::identity::deliver_mail=warn";

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| TOLD.into()))
        .with_target(false)
        .init();
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Some(Command::Env) => Environment::of_running(&arguments.data_dir).map(|environment| print!("{environment}")),
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

/// Fails when a number is not as the facts say.
#[tokio::main]
async fn check_progress(arguments: &Arguments) -> Result<()> {
    let (data_dir, database_url) = (&arguments.data_dir, arguments.database_url.as_deref());
    println!("{}", operator::check_progress(data_dir, database_url).await?);
    Ok(())
}

/// The given database, else the running stack's.
#[tokio::main(flavor = "current_thread")]
async fn fill(arguments: &Arguments, sizes: Sizes) -> Result<()> {
    let url = if let Some(url) = &arguments.database_url {
        url.clone()
    } else {
        let running = Environment::of_running(&arguments.data_dir)?;
        running.get("DATABASE_OWNER_URL").context("the running Lyceum names no database")?
    };
    seed::seed(&url, sizes, |step| println!("{step}")).await
}

/// Fails when what was recovered is not what was there.
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
    let told_to_stop = async {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    tokio::pin!(told_to_stop);

    let options = Options { port, hosts, data_dir, database_url };
    let stack = tokio::select! {
        stack = Stack::start(&options, |step| println!("{step}")) => stack?,
        () = &mut told_to_stop => return Ok(()), // what was started ends with the runtime
    };
    println!("{}", welcome(&stack.url, stack.has_demo_accounts().await));
    told_to_stop.await;
    println!("Stopping.");
    stack.stop().await
}
