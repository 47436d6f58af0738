//! What a page and a write cost on a small and on a large catalogue, beside the bare SQL of the same call: `pgbench`
//! runs the statements that the function was seen to send, in the same run and as the same role.
//!
//! | file | what |
//! | --- | --- |
//! | `calls` | what is measured |
//! | `school` | a database, seeded once and kept, and who calls |
//! | `recording` | which statements a call sends, from the server's log |
//! | `pgbench` | the same statements without a function |

mod calls;
pub(crate) mod pgbench;
pub(crate) mod recording;
pub(crate) mod school;

use std::path::{Path, PathBuf};

use anyhow::Result;
use axum::body::Bytes;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use lyceum_local::postgres::Cluster;
use lyceum_local::seed::Sizes;

use calls::Measured;
use school::School;

use crate::measure::{Plan, measure};
use crate::process::Program;

#[derive(Args)]
pub struct Options {
    /// Courses of the large catalogue
    #[arg(long, default_value_t = 200_000)]
    courses: u32,
    /// Its users
    #[arg(long, default_value_t = 100_000)]
    users: u32,
    /// The lessons that they have completed
    #[arg(long, default_value_t = 10_000_000)]
    completions: u32,
    /// Calls of each kind; a multiple of 5
    #[arg(long, default_value_t = 200, value_parser = RangedU64ValueParser::<u32>::new().range(5..))]
    calls: u32,
    /// Where the databases are kept between runs [default: target/bench/postgres]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Each of its learners has as many enrolments as one of the large one.
const SMALL: Sizes = Sizes { courses: 1_000, users: 100, completions: 10_000 };

pub async fn run(options: Options, target: &Path) -> Result<()> {
    let large = Sizes { courses: options.courses, users: options.users, completions: options.completions };
    let data_dir = options.data_dir.unwrap_or_else(|| target.join("bench/postgres"));
    let cluster = tokio::task::spawn_blocking(move || Cluster::start(&data_dir, true)).await??;
    let small = calls::measure(&School::open(&cluster, SMALL, target).await?, options.calls).await?;
    let large = calls::measure(&School::open(&cluster, large, target).await?, options.calls).await?;
    tokio::task::spawn_blocking(|| cluster.stop()).await??;

    let program = Program { path: std::env::current_exe()?, arguments: vec!["--be-reference"], environment: vec![] };
    let plan = Plan { starts: 1, invocations: 200 };
    let (event, log) = (Bytes::from_static(b"{}"), target.join("bench/reference.log"));
    let reference = measure("reference", &program, &event, plan, &log).await?.warm_p50.as_secs_f64() * 1e3;
    println!(
        "\nOf each function's time, {reference:.3} ms are the Runtime API's, as a function that does nothing shows."
    );
    println!("\n{:<34} {:^26}   {:^26}", "milliseconds", "1,000 courses", "large");
    let columns = "function  pgbench  ratio";
    println!("{:<34} {columns:>26}   {columns:>26}  large/small", "");
    for (small, large) in small.iter().zip(&large) {
        let growth = large.function.as_secs_f64() / small.function.as_secs_f64();
        println!("{:<34} {}   {}  {growth:>11.2}", small.name, cells(small), cells(large));
    }
    println!(
        "\nOf each the best of five turns: medians of reads, means of writes. A deep page is page 1,000, or the last 20 of a shorter list."
    );
    Ok(())
}

fn cells(Measured { function, pgbench, .. }: &Measured) -> String {
    let (function, pgbench) = (function.as_secs_f64() * 1e3, pgbench.as_secs_f64() * 1e3);
    format!("{function:>10.3} {pgbench:>8.3} {:>6.2}", function / pgbench)
}
