use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Binaries, Cluster, throwaway};
use crate::programs::report_missing;

/// Ends the test where Postgres has no `psql`: a fetched one has only the server.
macro_rules! needs_psql {
    () => {
        if !Binaries::find().unwrap().has("psql") {
            return report_missing("psql");
        }
    };
}

/// A temporary folder, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        // LYCEUM_TEST_DIR allows trying a folder that Postgres' user can't reach
        let parent = env::var_os("LYCEUM_TEST_DIR").map_or_else(env::temp_dir, PathBuf::from);
        let dir = parent.join(format!("lyceum-postgres-{name}-{}", process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn start(&self) -> Cluster {
        let begun = Instant::now();
        let cluster = Cluster::start(&self.0, true).unwrap();
        eprintln!("started in {:?} in {}", begun.elapsed(), cluster.location().display());
        cluster
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn query(cluster: &Cluster, sql: &str) -> Result<String, String> {
    query_url(cluster.binaries(), &cluster.url("postgres", "postgres"), sql)
}

fn query_url(binaries: &Binaries, url: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(binaries.program("psql")).args(["-At", "-c", sql, url]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn keeps_its_data_between_starts() {
    needs_psql!();
    let folder = Folder::new("kept");
    let cluster = folder.start();
    let location = cluster.location().to_owned();
    query(&cluster, "create table kept as select 'ä' as letter").unwrap();
    cluster.stop().unwrap();

    let cluster = folder.start();
    assert_eq!(query(&cluster, "select letter from kept").unwrap(), "ä");
    assert_eq!(query(&cluster, "show server_encoding").unwrap(), "UTF8");
    assert_eq!(query(&cluster, "show fsync").unwrap(), "on");
    drop(cluster);
    fs::remove_dir_all(location).unwrap();
}

#[test]
fn the_password_is_required_and_not_readable_by_others() {
    needs_psql!();
    let folder = Folder::new("password");
    let cluster = folder.start();
    let wrong = cluster.url("postgres", "postgres").replace(cluster.password(), "guess");
    let refused = query_url(cluster.binaries(), &wrong, "select 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&cluster.location().join("password")), 0);
    assert_eq!(mode(&cluster.location().join("data")), 0);
    fs::remove_dir_all(cluster.location()).unwrap();
}

#[test]
fn two_folders_run_at_once_but_one_folder_only_once() {
    let (one, two) = (Folder::new("one"), Folder::new("two"));
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| two.start());
        (one.start(), other.join().unwrap())
    });
    assert_ne!(one.port(), other.port());

    let refused = Cluster::start(&two.0, true).unwrap_err();
    assert!(format!("{refused:#}").contains("another stack"), "{refused:#}");
    let locations = [one.location().to_owned(), other.location().to_owned()];
    drop((one, other));
    for location in locations {
        fs::remove_dir_all(location).unwrap();
    }
}

#[test]
fn starts_after_a_crash_and_an_interrupted_initdb() {
    needs_psql!();
    let folder = Folder::new("accident");
    let cluster = folder.start();
    let location = cluster.location().to_owned();
    cluster.stop().unwrap();

    // a lock file with the id of another process (of Postgres' user, if possible)
    let sleeper = super::owner::Owner::choose().unwrap().command("sleep", Path::new("/")).arg("60").spawn();
    let mut sleeper = sleeper.unwrap();
    let lock = format!("{}\n{}/data\n0\n5432\n\n127.0.0.1\n\nready\n", sleeper.id(), location.display());
    fs::write(location.join("data/postmaster.pid"), lock).unwrap();
    fs::create_dir(location.join("data.new")).unwrap();
    let cluster = folder.start();
    assert_eq!(query(&cluster, "select 1").unwrap(), "1");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    cluster.stop().unwrap();

    // an interrupted initdb
    fs::remove_dir_all(location.join("data")).unwrap();
    let cluster = folder.start();
    assert_eq!(query(&cluster, "select 1").unwrap(), "1");
    drop(cluster);
    fs::remove_dir_all(location).unwrap();
}

#[test]
fn data_of_another_version_is_refused_with_a_clear_error() {
    let folder = Folder::new("version");
    let cluster = folder.start();
    let location = cluster.location().to_owned();
    cluster.stop().unwrap();
    fs::write(location.join("data/PG_VERSION"), "9\n").unwrap();
    let refused = format!("{:#}", Cluster::start(&folder.0, true).unwrap_err());
    assert!(refused.contains("was created by Postgres 9"), "{refused}");
    fs::remove_dir_all(location).unwrap();
}

#[test]
fn a_throwaway_is_shared() {
    needs_psql!();
    let begun = Instant::now();
    let cluster = throwaway().unwrap();
    eprintln!("throwaway in {:?} in {}", begun.elapsed(), cluster.location().display());
    assert_eq!(query(cluster, "show fsync").unwrap(), "off");
    assert_eq!(throwaway().unwrap().port(), cluster.port());
}

const KILLED_STACK: &str = "LYCEUM_KILLED_STACK";

#[cfg(target_os = "linux")]
#[test]
fn the_server_ends_when_its_stack_is_killed() {
    needs_psql!();
    let folder = Folder::new("killed");
    let location = folder.start().location().to_owned(); // initdb
    for at_once in [false, true] {
        let mut stack = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture"])
            .arg(format!("{}::the_stack_that_is_killed", module_path!().split_once("::").unwrap().1))
            .env(KILLED_STACK, &folder.0)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let lock = location.join("data/postmaster.pid");
        while !fs::read_to_string(&lock).is_ok_and(|text| text.contains("ready")) {
            assert!(stack.try_wait().unwrap().is_none(), "the stack did not start");
            thread::sleep(Duration::from_millis(10));
        }
        let server = fs::read_to_string(&lock).unwrap().lines().next().unwrap().to_owned();
        stack.kill().unwrap(); // SIGKILL
        stack.wait().unwrap();

        // an ended process that was not waited for has no command line
        let gone = || fs::read(format!("/proc/{server}/cmdline")).unwrap_or_default().is_empty();
        let begun = Instant::now();
        while !at_once && !gone() {
            assert!(begun.elapsed() < Duration::from_secs(10), "the server is still running");
            thread::sleep(Duration::from_millis(10));
        }
        let cluster = folder.start();
        assert!(gone());
        assert_eq!(query(&cluster, "select 1").unwrap(), "1");
    }
    fs::remove_dir_all(location).unwrap();
}

#[test]
#[ignore = "run by a_killed_stack_takes_its_server_along, in a process of its own"]
fn the_stack_that_is_killed() {
    if let Some(dir) = env::var_os(KILLED_STACK) {
        let _cluster = Cluster::start(Path::new(&dir), true).unwrap();
        thread::sleep(Duration::from_mins(1));
    }
}
