//! The cluster that the tests of a process share.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;

use anyhow::{Result, anyhow, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::area::Area;
use super::binaries::Binaries;
use super::cluster::Cluster;
use super::owner::Owner;

const PREFIX: &str = "lyceum-throwaway-"; // followed by the process id

/// Returns the cluster of this process. It starts on first use, without durability, and in memory where `/dev/shm`
/// exists.
///
/// Tests end without destructors, so the next process that calls this removes the folder. The server ends with the
/// process.
///
/// # Errors
/// Fails in the same cases as [`Cluster::start`]. Later calls return the same error.
pub fn throwaway() -> Result<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| start().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|message| anyhow!(message.clone()))
}

fn start() -> Result<Cluster> {
    let owner = Owner::choose()?;
    let binaries = Binaries::find()?;
    let area = Area::open(new_folder(owner), owner)?;
    copy_template(&area, &binaries)?;
    Cluster::start_in(area, binaries, false)
}

/// Returns a folder in memory if Postgres' user may write there, else on disk.
fn new_folder(owner: Owner) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let disk = temporary(owner);
    let name = format!("{PREFIX}{}", process::id());
    remove_abandoned(memory, owner);
    remove_abandoned(&disk, owner);

    let dir = memory.join(&name);
    match owner.claim(&dir) {
        Ok(()) => dir,
        Err(_) => disk.join(name),
    }
}

/// Returns the folder for temporary files. `TMPDIR` may be closed to Postgres' user, for example below `/root`.
fn temporary(owner: Owner) -> PathBuf {
    let usual = env::temp_dir();
    if owner.reaches(&usual) { usual } else { PathBuf::from("/var/tmp") }
}

/// Copies an initialised data directory. `initdb` takes seconds, so its result is kept per version and user.
fn copy_template(area: &Area, binaries: &Binaries) -> Result<()> {
    let owner = area.owner;
    let name = format!("lyceum-initdb-{}-{}", binaries.version()?, owner.uid);
    let template = Area::open_when_free(temporary(owner).join(name), owner)?;
    template.initialise(binaries)?;

    let copied = owner
        .command("cp", &area.dir)
        .arg("-R")
        .args([template.data(), template.dir.join("password")])
        .arg(&area.dir)
        .status()?;
    ensure!(copied.success(), "cannot copy {}", template.dir.display());
    Ok(())
}

/// Removes the folders of processes that have ended.
fn remove_abandoned(parent: &Path, owner: Owner) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some(pid) = process.and_then(|pid| Pid::from_raw(pid.parse().ok()?)) else {
            continue;
        };
        if test_kill_process(pid) == Err(Errno::SRCH) && owner.owns(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
