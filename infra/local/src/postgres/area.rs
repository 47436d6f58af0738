//! The folder of one cluster: `data`, `password`, `server.log`, and `lock`, which is locked while the cluster is in
//! use.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::binaries::Binaries;
use super::owner::Owner;

/// A cluster's folder, locked by this process until drop.
#[derive(Debug)]
pub(super) struct Area {
    pub dir: PathBuf,
    pub owner: Owner,
    lock: File,
}

impl Area {
    /// Returns the folder for the cluster of `dir`: `dir` itself, or one in `/var/tmp` when Postgres' user can't reach
    /// it, for example below `/root`.
    pub fn place(dir: &Path, owner: Owner) -> Result<PathBuf> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        if dir.parent().is_none_or(|parent| owner.reaches(parent)) {
            return Ok(dir);
        }
        let hash = Sha256::digest(dir.as_os_str().as_encoded_bytes());
        let name = format!("lyceum-{}", hex::encode(&hash[..8]));
        Ok(Path::new("/var/tmp").join(name))
    }

    /// Locks the folder for this process. Fails when another stack uses it.
    pub fn open(dir: PathBuf, owner: Owner) -> Result<Self> {
        let area = Self::claimed(dir, owner)?;
        match area.lock.try_lock() {
            Ok(()) => Ok(area),
            Err(TryLockError::WouldBlock) => {
                bail!("another stack is running on {}; stop it, or choose another folder", area.dir.display())
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Like [`Self::open`], but waits until the folder is free.
    pub fn open_when_free(dir: PathBuf, owner: Owner) -> Result<Self> {
        let area = Self::claimed(dir, owner)?;
        area.lock.lock()?;
        Ok(area)
    }

    fn claimed(dir: PathBuf, owner: Owner) -> Result<Self> {
        owner.claim(&dir)?;
        let lock = private_file(&dir.join("lock"), owner)?;
        Ok(Self { dir, owner, lock })
    }

    /// Returns Postgres' data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Reads the superuser's password.
    pub fn password(&self) -> Result<String> {
        let path = self.dir.join("password");
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Creates the data on first use. Later, checks that this version of Postgres can read it.
    pub fn initialise(&self, binaries: &Binaries) -> Result<()> {
        let data = self.data();
        if data.exists() {
            return self.check_version(binaries);
        }
        // Created under another name and renamed, so that an interrupted run leaves nothing incomplete.
        let incomplete = self.dir.join("data.new");
        match fs::remove_dir_all(&incomplete) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.make_password()?;

        let mut output = self.initdb(binaries, &incomplete, "C.UTF-8")?;
        if String::from_utf8_lossy(&output.stderr).contains("invalid locale name") {
            output = self.initdb(binaries, &incomplete, "C")?; // macOS has no C.UTF-8
        }
        ensure!(
            output.status.success(),
            "initdb failed in {}:\n{}",
            self.dir.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        fs::rename(incomplete, data)?;
        Ok(())
    }

    /// Copies the data of a running cluster. With `following`, the copy becomes its replica.
    pub fn copy_running(&self, binaries: &Binaries, password: &str, url: &str, following: bool) -> Result<()> {
        private_file(&self.dir.join("password"), self.owner)?.write_all(password.as_bytes())?;
        let mut command = self.owner.command(binaries.program("pg_basebackup"), &self.dir);
        command.args(["--checkpoint=fast", "--no-sync", "--dbname", url]);
        if following {
            command.arg("--write-recovery-conf");
        }
        let output = command.arg("--pgdata").arg(self.data()).output().context("cannot run pg_basebackup")?;
        ensure!(output.status.success(), "pg_basebackup failed:\n{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Adds settings for the next start. The last one of a name counts.
    pub fn set(&self, settings: &[String]) -> Result<()> {
        let mut file = private_file(&self.data().join("postgresql.auto.conf"), self.owner)?;
        Ok(file.write_all((settings.join("\n") + "\n").as_bytes())?)
    }

    /// Makes the next start recover, as the settings say.
    pub fn mark_for_recovery(&self) -> Result<()> {
        private_file(&self.data().join("recovery.signal"), self.owner)?;
        Ok(())
    }

    fn initdb(&self, binaries: &Binaries, data: &Path, locale: &str) -> Result<Output> {
        let mut command = self.owner.command(binaries.program("initdb"), &self.dir);
        command
            .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"])
            .args(["--no-instructions", &format!("--locale={locale}")])
            // Waiting for each of a thousand files to reach the disk took 3 s of a first start. Without it, only a
            // power failure within the first half minute could lose data.
            .arg("--no-sync")
            .arg("--pwfile")
            .arg(self.dir.join("password"))
            .arg("--pgdata")
            .arg(data);
        command.output().context("cannot run initdb")
    }

    fn make_password(&self) -> Result<()> {
        let mut random = [0; 24];
        getrandom::fill(&mut random).context("the operating system gave no random bytes")?;
        let mut file = private_file(&self.dir.join("password"), self.owner)?;
        file.set_len(0)?;
        file.write_all(hex::encode(random).as_bytes())?;
        Ok(())
    }

    fn check_version(&self, binaries: &Binaries) -> Result<()> {
        let data = self.data();
        let made_by = fs::read_to_string(data.join("PG_VERSION"))
            .with_context(|| format!("{} contains no Postgres data; move it away", data.display()))?;
        let installed = binaries.version()?;
        ensure!(
            made_by.trim() == installed.to_string(),
            "the data in {} was created by Postgres {}, but the installed version is {installed}: \
             set PG_BIN_DIR to a matching Postgres, or delete {0} to start with new data",
            self.dir.display(),
            made_by.trim(),
        );
        Ok(())
    }

    /// Opens the server's log and empties it.
    pub fn new_log(&self) -> Result<File> {
        let log = private_file(&self.log(), self.owner)?;
        log.set_len(0)?;
        Ok(log)
    }

    /// Returns the last lines of the server's log.
    pub fn log_tail(&self) -> String {
        let bytes = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }
}

/// Opens or creates a file that only `owner` can read. Doesn't follow links: the folder is theirs, and we may be
/// root.
fn private_file(path: &Path, owner: Owner) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    fchown(&file, Some(owner.uid), Some(owner.gid))?;
    Ok(file)
}
