//! A cluster that is running, from its folder to its address.

use std::path::Path;

use anyhow::Result;

use super::area::Area;
use super::binaries::Binaries;
use super::owner::Owner;
use super::server::Server;

/// A running Postgres; dropped, it stops.
#[derive(Debug)]
pub struct Cluster {
    pub(super) server: Server, // before the area: the folder stays locked until the server is gone
    pub(super) area: Area,
    pub(super) binaries: Binaries,
    password: String,
}

impl Cluster {
    /// Starts the cluster kept in `dir`, creating it on first use. Without `durable`, every
    /// promise about a crash is given up for speed.
    ///
    /// Blocks for up to some seconds: call it through `spawn_blocking`.
    ///
    /// # Errors
    /// When Postgres is missing or of another version than the data, the folder is in use or
    /// somebody else's, or the server does not start: the message has the end of its log.
    pub fn start(dir: &Path, durable: bool) -> Result<Self> {
        let owner = Owner::choose()?;
        let area = Area::open(Area::place(dir, owner)?, owner)?;
        Self::start_in(area, Binaries::find()?, durable)
    }

    pub(super) fn start_in(area: Area, binaries: Binaries, durable: bool) -> Result<Self> {
        area.initialise(&binaries)?;
        Ok(Self { server: Server::start(&binaries, &area, durable)?, password: area.password()?, area, binaries })
    }

    /// Starts a replica of this cluster in the empty folder `dir`: it follows whatever happens here, as fast as it can,
    /// and takes reads. Roles, databases and the password are the same.
    ///
    /// # Errors
    /// As [`Self::start`], and when the copy fails.
    pub fn replica(&self, dir: &Path) -> Result<Self> {
        let owner = self.area.owner;
        let area = Area::open(Area::place(dir, owner)?, owner)?;
        area.copy_running(&self.binaries, &self.password, &self.url("postgres", "postgres"), true)?;
        Self::start_in(area, self.binaries.clone(), false)
    }

    /// The URL of `database` for `user`. The superuser is `postgres`; another role gets in if it
    /// was created with [the same password](Self::password).
    pub fn url(&self, user: &str, database: &str) -> String {
        let (password, port) = (&self.password, self.server.port);
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}")
    }

    /// The superuser's password: random, made with the cluster, letters and digits only.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The port on 127.0.0.1, another one at each start.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The programs it runs on.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Where the data really are: the folder given, or one in `/var/tmp` if Postgres' user could
    /// not reach it.
    pub fn location(&self) -> &Path {
        &self.area.dir
    }

    /// Ends connections and shuts down.
    ///
    /// # Errors
    /// When that takes longer than 10 s; it is then ended the hard way.
    pub fn stop(self) -> Result<()> {
        self.server.stop()
    }
}
