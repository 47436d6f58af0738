//! A running cluster.

use std::path::Path;

use anyhow::Result;

use super::area::Area;
use super::binaries::Binaries;
use super::owner::Owner;
use super::server::Server;

/// A running Postgres. Stops on drop.
#[derive(Debug)]
pub struct Cluster {
    pub(super) server: Server, // before the area: the folder stays locked until the server is gone
    pub(super) area: Area,
    pub(super) binaries: Binaries,
    password: String,
}

impl Cluster {
    /// Starts the cluster in `dir`, and creates it on first use. Without `durable`, a crash may lose data, and it is
    /// faster.
    ///
    /// Blocks for some seconds: call it through `spawn_blocking`.
    ///
    /// # Errors
    /// Fails when Postgres is not installed, or has another version than the data; when the folder is in use or belongs
    /// to another user; or when the server does not start. The message contains the end of its log.
    pub fn start(dir: &Path, durable: bool) -> Result<Self> {
        let owner = Owner::choose()?;
        let area = Area::open(Area::place(dir, owner)?, owner)?;
        Self::start_in(area, Binaries::find()?, durable)
    }

    pub(super) fn start_in(area: Area, binaries: Binaries, durable: bool) -> Result<Self> {
        area.initialise(&binaries)?;
        Ok(Self { server: Server::start(&binaries, &area, durable)?, password: area.password()?, area, binaries })
    }

    /// Starts a read-only replica of this cluster in the empty folder `dir`. Roles, databases and the password are the
    /// same.
    ///
    /// # Errors
    /// Fails in the same cases as [`Self::start`], and when the copy fails.
    pub fn replica(&self, dir: &Path) -> Result<Self> {
        let owner = self.area.owner;
        let area = Area::open(Area::place(dir, owner)?, owner)?;
        area.copy_running(&self.binaries, &self.password, &self.url("postgres", "postgres"), true)?;
        Self::start_in(area, self.binaries.clone(), false)
    }

    /// Returns the URL of `database` for `user`. The superuser is `postgres`. Another role can sign in if it was
    /// created with [the same password](Self::password).
    pub fn url(&self, user: &str, database: &str) -> String {
        let (password, port) = (&self.password, self.server.port);
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}")
    }

    /// Returns the superuser's password: random letters and digits, created with the cluster.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Returns the port on 127.0.0.1, which changes with each start.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// Returns the Postgres programs of this cluster.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Returns the folder of the data: the given one, or one in `/var/tmp` if Postgres' user can't reach it.
    pub fn location(&self) -> &Path {
        &self.area.dir
    }

    /// Closes all connections and shuts down.
    ///
    /// # Errors
    /// Fails when that takes longer than 10 s. The server is then killed.
    pub fn stop(self) -> Result<()> {
        self.server.stop()
    }
}
