//! Backups with an archive of the write-ahead log, and recovery to a point in time.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::area::Area;
use super::binaries::Binaries;
use super::cluster::Cluster;

/// A copy of a cluster, on which no server runs yet.
#[derive(Debug)]
pub struct Backup {
    area: Area,
    binaries: Binaries,
    archive: PathBuf,
}

impl Cluster {
    /// Restarts the cluster with archiving of the write-ahead log in a folder beside the data. The port changes.
    ///
    /// # Errors
    /// Fails in the same cases as [`Cluster::start`].
    pub fn archiving(self) -> Result<Self> {
        let Self { server, area, binaries, .. } = self;
        server.stop()?;
        let archive = archive(&area);
        area.owner.claim(&archive)?;
        let keep = format!(r#"test ! -f "{0}/%f" && cp "%p" "{0}/%f""#, archive.display());
        area.set(&["archive_mode = on".to_owned(), format!("archive_command = '{keep}'")])?;
        Self::start_in(area, binaries, true)
    }

    /// Copies the running cluster into the empty folder `dir`.
    ///
    /// # Errors
    /// Fails when the copy fails.
    pub fn back_up(&self, dir: &Path) -> Result<Backup> {
        let owner = self.area.owner;
        let area = Area::open(Area::place(dir, owner)?, owner)?;
        area.copy_running(&self.binaries, self.password(), &self.url("postgres", "postgres"), false)?;
        Ok(Backup { area, binaries: self.binaries.clone(), archive: archive(&self.area) })
    }
}

impl Backup {
    /// Starts a server on the copy, replays the log up to `until` (a timestamp in the format of Postgres), and then
    /// accepts writes.
    ///
    /// # Errors
    /// Fails in the same cases as [`Cluster::start`], and when the log ends before `until`.
    pub fn recover(self, until: &str) -> Result<Cluster> {
        self.area.set(&[
            "archive_mode = off".to_owned(),
            format!(r#"restore_command = 'cp "{}/%f" "%p"'"#, self.archive.display()),
            format!("recovery_target_time = '{until}'"),
            "recovery_target_action = 'promote'".to_owned(),
        ])?;
        self.area.mark_for_recovery()?;
        Cluster::start_in(self.area, self.binaries, true)
    }

    /// Returns the folder of the copy.
    pub fn location(&self) -> &Path {
        &self.area.dir
    }
}

fn archive(area: &Area) -> PathBuf {
    area.dir.join("archive")
}
