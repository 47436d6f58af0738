//! A Postgres of our own: found on the machine, kept in a folder, gone with the process.
//!
//! | file | what |
//! | --- | --- |
//! | `binaries` | where `initdb` and `postgres` are |
//! | `owner` | the user they run as: never root, as Postgres refuses that |
//! | `area` | a cluster's folder: its data, password, log and lock |
//! | `server` | the running process, which dies with this one |
//! | `cluster` | all of it together |
//! | `throwaway` | the fast one that a test process shares |

mod area;
mod binaries;
mod cluster;
mod owner;
mod server;
mod throwaway;

#[cfg(test)]
mod tests;

pub use binaries::Binaries;
pub use cluster::Cluster;
pub use owner::die_with_parent;
pub use throwaway::throwaway;
