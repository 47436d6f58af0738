//! Where the private key is: in Secrets Manager on AWS, in a file on one's own machine.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::secrets;

/// Where the private key is, in PEM.
#[derive(Debug, Clone)]
pub enum SigningKeySource {
    /// A file for its owner's eyes alone.
    File(String),
    /// A secret's name or ARN.
    Secret(String),
}

impl SigningKeySource {
    pub(super) async fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => fs::read(path).map_err(|error| Error::internal(format!("{path}: {error}"))),
            Self::Secret(id) => Ok(secrets::read(id).await?.into_bytes()),
        }
    }

    pub(super) async fn write(&self, pem: &str) -> Result<()> {
        match self {
            Self::File(path) => {
                replace(Path::new(path), pem).map_err(|error| Error::internal(format!("{path}: {error}")))
            }
            Self::Secret(id) => secrets::replace(id, pem).await,
        }
    }
}

/// Whole or not at all.
fn replace(path: &Path, content: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}
