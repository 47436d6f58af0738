//! Finds the programs of an installed Postgres, or fetches some.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::fetched::{self, Package};

/// The folders of packaged versions, as (folder, prefix of a version's subfolder): Debian, PGDG on Fedora, Homebrew on
/// Apple and Intel chips, Postgres.app. Each version has a `bin`.
const INSTALL_FOLDERS: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

const HOW_TO_INSTALL: &str = "\
Postgres is not installed, and could not be fetched. Install its server:
  Debian, Ubuntu   sudo apt install postgresql
  Fedora           sudo dnf install postgresql-server
  macOS            brew install postgresql@17
or set PG_BIN_DIR to the folder that contains initdb and postgres.";

/// The folder with `initdb`, `postgres`, `pg_dump` and the other programs.
#[derive(Clone, Debug)]
pub struct Binaries {
    dir: PathBuf,
}

impl Binaries {
    /// Finds the programs: in `PG_BIN_DIR` if it is set, else where `pg_config` and `PATH` point, else the newest
    /// version in the usual folders. Without any, fetches a pinned Postgres into the user's cache.
    ///
    /// # Errors
    /// Fails when Postgres is not installed and can't be fetched; the message says why, and how to install it.
    pub fn find() -> Result<Self> {
        if let Some(dir) = env::var_os("PG_BIN_DIR") {
            let dir = PathBuf::from(dir);
            if !has_server(&dir) {
                bail!("PG_BIN_DIR is {}, which doesn't contain initdb and postgres", dir.display());
            }
            return Ok(Self { dir });
        }
        let installed = named_by_pg_config()
            .into_iter()
            .chain(on_the_path())
            .chain(newest_installation())
            .find(|dir| has_server(dir));
        if let Some(dir) = installed {
            return Ok(Self { dir });
        }
        let package = Package::for_this_machine().context(HOW_TO_INSTALL)?;
        let fetched = Self { dir: package.fetch(&fetched::cache()?).context(HOW_TO_INSTALL)? };
        fetched.version().context(HOW_TO_INSTALL)?; // they need a C library that the machine may lack
        Ok(fetched)
    }

    /// Returns whether the folder has that program, such as `pg_dump`: a fetched Postgres has only the server's.
    pub fn has(&self, name: &str) -> bool {
        self.program(name).is_file()
    }

    /// Returns the path of a program, such as `pg_dump`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Returns the major version, such as 17.
    pub(super) fn version(&self) -> Result<u32> {
        let program = self.program("postgres");
        let output = Command::new(&program)
            .arg("--version")
            .output()
            .with_context(|| format!("cannot run {}", program.display()))?;
        // "postgres (PostgreSQL) 17.2 (Debian 17.2-1)", or "18beta1" in the third place
        let text = String::from_utf8_lossy(&output.stdout);
        text.split_whitespace()
            .nth(2)
            .and_then(leading_number)
            .with_context(|| format!("{} printed no version: {text}", program.display()))
    }
}

/// Whether the folder contains a server. `pg_config` alone proves nothing: client packages include it.
fn has_server(dir: &Path) -> bool {
    dir.join("initdb").is_file() && dir.join("postgres").is_file()
}

fn named_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let dir = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(dir.trim()))
}

fn on_the_path() -> Vec<PathBuf> {
    env::var_os("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect())
}

fn newest_installation() -> Option<PathBuf> {
    INSTALL_FOLDERS
        .iter()
        .filter_map(|(folder, start)| Some((Path::new(folder).read_dir().ok()?, start)))
        .flat_map(|(entries, start)| {
            entries.flatten().filter_map(move |entry| {
                let name = entry.file_name().into_string().ok()?;
                let version = name.strip_prefix(start)?.trim_start_matches('@');
                let dir = entry.path().join("bin");
                has_server(&dir).then(|| (leading_number(version), dir))
            })
        })
        .max()
        .map(|(_, dir)| dir)
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}
