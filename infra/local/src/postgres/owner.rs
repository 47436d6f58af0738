//! The user that Postgres runs as.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{getegid, geteuid};

/// The user and group that Postgres runs as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub uid: u32,
    pub gid: u32,
}

impl Owner {
    /// Chooses the current user or, for root, `postgres` or else `nobody`.
    pub fn choose() -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self { uid: geteuid().as_raw(), gid: getegid().as_raw() });
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::listed(&users, name))
            .context("Postgres refuses to run as root, and there is no user `postgres` or `nobody`")
    }

    fn listed(users: &str, name: &str) -> Option<Self> {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some(Self { uid: ids.next()?.ok()?, gid: ids.next()?.ok()? })
    }

    /// Creates a command that runs as this user in `dir`, and ends with the thread that spawns it. (When it changes the
    /// user, the standard library also drops root's groups.)
    pub fn command(self, program: impl AsRef<Path>, dir: &Path) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(dir)
            .env("LC_ALL", "C") // messages in English, because we parse them
            .stdin(Stdio::null());
        if geteuid().is_root() {
            command.uid(self.uid).gid(self.gid);
        }
        die_with_parent(&mut command);
        command
    }

    /// Whether this user can enter `dir`. Asks the system, which also knows access control lists.
    pub fn reaches(self, dir: &Path) -> bool {
        self.command("test", Path::new("/")).arg("-x").arg(dir).status().is_ok_and(|status| status.success())
    }

    /// Whether `path` belongs to this user.
    pub fn owns(self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|found| found.uid() == self.uid)
    }

    /// Creates `dir` as a folder that only this user (and root) can enter.
    ///
    /// Refuses a folder of another user: in `/var/tmp` it may be a trap.
    pub fn claim(self, dir: &Path) -> Result<()> {
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot create {}", dir.display()));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(dir)?; // doesn't follow links, which may lead anywhere
        if found.is_dir() && found.uid() == self.uid {
            return Ok(());
        }
        if !found.is_dir() || found.uid() != geteuid().as_raw() {
            bail!(
                "{} belongs to another user (uid {}); run as that user, or remove the folder",
                dir.display(),
                found.uid()
            );
        }
        if fs::read_dir(dir)?.next().is_some() {
            bail!("{} is not empty; choose an empty folder", dir.display());
        }
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        lchown(dir, Some(self.uid), Some(self.gid))?;
        Ok(())
    }
}

/// Makes the child end with the thread that spawns it, even after `kill -9` of this process. Works on Linux only;
/// elsewhere the next start stops a server that was left running.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "what runs between fork and exec makes two system calls only")]
pub fn die_with_parent(command: &mut Command) {
    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

    let parent = getpid();
    // SAFETY: both calls are async-signal-safe; nothing is allocated or locked.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::INT))?;
            // If the parent has just died, no signal will come.
            if getppid() == Some(parent) { Ok(()) } else { Err(ErrorKind::BrokenPipe.into()) }
        });
    }
}

/// Does nothing: only Linux supports this.
#[cfg(not(target_os = "linux"))]
pub fn die_with_parent(_: &mut Command) {}
