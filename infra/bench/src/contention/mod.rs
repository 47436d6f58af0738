//! What many calls at once cost when they meet at one row, beside the same statements without that row, and what a
//! statement costs the tenth time on a connection, beside the first time.
//!
//! The functions answer each kind of call once, in this process, and the server logs their statements. `pgbench` runs
//! these with many clients, each with its own learner, ids and course. Every run works on a fresh copy of a database.
//! Counting a caller's calls (`limits`) is left out: all recorded calls have one caller, real ones don't.
//!
//! | file | what |
//! | --- | --- |
//! | `crowd` | the skewed rows: a crowded course, an instructor of many courses, an audit log |
//! | `replay` | recorded statements, run by many clients of `pgbench` |
//! | `hot_rows` | calls that meet at one course, category or lesson, and that spread over many |
//! | `editing` | an editor among enrolling learners, renaming an instructor, what an edit writes |
//! | `repeated` | a statement the first and the tenth time on one connection |
//! | `partition` | making a month of the audit log while others read and write it |
//! | `sizes` | bytes a row of each table and index |

mod crowd;
mod editing;
mod hot_rows;
mod partition;
mod repeated;
mod replay;
pub mod sizes;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use lyceum_local::postgres::Cluster;
use lyceum_local::seed::Sizes;

use crate::scale::school::{School, copied, seeded};
use crowd::Crowd;

#[derive(Args)]
pub struct Options {
    /// 50,000 courses, 100,000 users and 3 million completions instead of a size that takes a minute
    #[arg(long)]
    large: bool,
    /// Where the databases are kept between runs [default: target/bench/postgres]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

const SMALL: Sizes = Sizes { courses: 3_000, users: 5_000, completions: 50_000 };
const LARGE: Sizes = Sizes { courses: 50_000, users: 100_000, completions: 3_000_000 };

/// A cluster whose commits reach the disk.
async fn cluster(data_dir: Option<PathBuf>, target: &Path) -> Result<Cluster> {
    let data_dir = data_dir.unwrap_or_else(|| target.join("bench/postgres"));
    tokio::task::spawn_blocking(move || Cluster::start(&data_dir, true)).await?
}

pub async fn run(options: Options, target: &Path) -> Result<()> {
    let (sizes, crowd) = if options.large { (LARGE, Crowd::LARGE) } else { (SMALL, Crowd::SMALL) };
    let cluster = cluster(options.data_dir, target).await?;
    let original = seeded(&cluster, sizes).await?;
    let name = copied(&cluster, &original, "contention").await?;
    let school = School::in_database(&cluster, name, target).await?;
    println!(
        "\n{} courses, {} users; one course with {} learners, one instructor of {} courses, {} audit rows",
        sizes.courses, sizes.users, crowd.learners, crowd.taught, crowd.audit_rows
    );
    let crowd = crowd.gather(&school).await?;

    hot_rows::measure(&school).await?;
    editing::measure(&school, &crowd).await?;
    repeated::measure(&school, &crowd).await?;
    partition::measure(&school).await?;
    tokio::task::spawn_blocking(|| cluster.stop()).await??;
    Ok(())
}

/// The smallest value that `percent` in a hundred do not exceed, in milliseconds.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
