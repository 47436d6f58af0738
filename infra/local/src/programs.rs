//! Programs that some tests need and that a machine may lack.

use std::env;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Returns the path of a program that a test needs. Without it, writes to standard error that the test was not run and
/// how many were not, and returns `None`: the test ends.
///
/// Searches `PATH`, the folder where `infra/test` installs Python's programs, and `/usr/sbin`, where Debian has
/// `PgBouncer`.
///
/// # Panics
/// Where the variable `CI` is set: there, a test that is not run is a failure.
#[must_use]
pub fn needed(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let of_tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/ci-venv/bin");
    let folders = env::split_paths(&path).chain([of_tests, PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        report_missing(name);
    }
    found
}

/// Reports that the test was not run, since a program is missing.
///
/// # Panics
/// Where the variable `CI` is set.
pub fn report_missing(name: &str) {
    static NOT_RUN: AtomicU32 = AtomicU32::new(0);
    assert!(env::var_os("CI").is_none(), "{name} is not installed: infra/test installs it");
    let count = NOT_RUN.fetch_add(1, Ordering::Relaxed) + 1;
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Not `eprintln!`, whose output the test harness hides for tests that pass.
    let _ = writeln!(stderr(), "NOT RUN ({count}): {test}: {name} is not installed; infra/test installs it");
}
