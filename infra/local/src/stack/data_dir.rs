//! The folder that keeps everything between runs. One stack at a time uses it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Environment;

const RUNNING: &str = "running.env";
const S3_PORT: &str = "s3-port";

/// The folder, locked until this is dropped or the process ends, however it ends.
pub struct DataDir {
    root: PathBuf,
    _lock: File,
}

impl DataDir {
    /// # Errors
    /// When another stack uses it, or it can't be written.
    pub fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("{} can't be made", root.display()))?;
        let root = root.canonicalize()?;
        fs::write(root.join(".gitignore"), "*\n").with_context(|| format!("{} can't be written", root.display()))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(root.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {
                let data_dir = Self { root, _lock: lock };
                data_dir.note_stopped(); // a killed stack could not
                Ok(data_dir)
            }
            Err(TryLockError::WouldBlock) => {
                let running = fs::read_to_string(root.join(RUNNING)).unwrap_or_default();
                let url = running.lines().find_map(|line| line.strip_prefix("LYCEUM_URL="));
                bail!("Lyceum runs here already{}.", url.map(|url| format!(", at {url}")).unwrap_or_default())
            }
            Err(TryLockError::Error(error)) => Err(error).context("the data folder can't be locked"),
        }
    }

    /// The environment of the stack that runs in this folder.
    ///
    /// # Errors
    /// When none runs there.
    pub fn environment_of_running(root: &Path) -> Result<String> {
        // Without a lock file nothing ever ran there; and a lock that can be had, nobody holds.
        if !File::open(root.join("lock")).is_ok_and(|lock| lock.try_lock_shared().is_err()) {
            bail!("No Lyceum runs in {}. Start one with: cargo run", root.display());
        }
        match fs::read_to_string(root.join(RUNNING)) {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!("Lyceum is starting; try again in a moment."),
            environment => environment.context("the running Lyceum is another user's"),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A file for this user's eyes alone, made on first use, whole or not at all.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn file(&self, name: &str, content: impl FnOnce() -> Result<String>) -> Result<PathBuf> {
        let path = self.path(name);
        if !path.exists() {
            self.replace(name, &content()?)?;
        }
        Ok(path)
    }

    fn replace(&self, name: &str, content: &str) -> Result<()> {
        let new = self.path(&format!("{name}.new"));
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.path(name))?;
        Ok(())
    }

    /// The id and the secret of the local S3.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn s3_credentials(&self) -> Result<(String, String)> {
        let file = self.file("s3-credentials", || Ok(format!("LOCAL{}\n{}", random(8)?, random(20)?)))?;
        let text = fs::read_to_string(&file)?;
        let (id, secret) = text.split_once('\n').with_context(|| format!("{} is broken; delete it", file.display()))?;
        Ok((id.to_owned(), secret.to_owned()))
    }

    /// The port that the local S3 had before; 0 the first time.
    #[must_use]
    pub fn s3_port(&self) -> u16 {
        fs::read_to_string(self.path(S3_PORT)).ok().and_then(|port| port.parse().ok()).unwrap_or(0)
    }

    /// # Errors
    /// When it can't be written.
    pub fn keep_s3_port(&self, port: u16) -> Result<()> {
        self.replace(S3_PORT, &port.to_string())
    }

    /// A password of our own for a database that is not.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn application_password(&self) -> Result<String> {
        Ok(fs::read_to_string(self.file("application-password", || random(20))?)?)
    }

    /// Tells `cargo run -- env` how to reach this stack.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn note_running(&self, environment: &Environment) -> Result<()> {
        self.replace(RUNNING, &environment.to_string())
    }

    pub fn note_stopped(&self) {
        let _ = fs::remove_file(self.path(RUNNING));
    }
}

fn random(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(hex::encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_s3_is_where_it_was_when_the_folder_is_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(folder.path()).unwrap();
        assert_eq!(data_dir.s3_port(), 0, "any");
        data_dir.keep_s3_port(54321).unwrap();
        drop(data_dir);
        assert_eq!(DataDir::open(folder.path()).unwrap().s3_port(), 54321);
    }
}
